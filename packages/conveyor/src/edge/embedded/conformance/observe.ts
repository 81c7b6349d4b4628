// One case at one proxy: sent as it is written, heard out, and told in the words of the table. Called by the conformance test.
import assert from "node:assert/strict"
import type { Case } from "./case.ts"
import { statusOf } from "./messages.ts"
import type { Message } from "./messages.ts"
import { prefixOf } from "./proxies.ts"
import type { Proxy } from "./proxies.ts"
import { talk } from "./raw-client.ts"
import { mapBytes } from "./parts.ts"
import type { Script } from "./raw-copy.ts"

export interface Observed {
  hears: string
  isInTime: boolean
  /** Whether bytes reached the copy that it takes for no request. */
  isMalformed: boolean
  /** Requests that were whole. */
  asked: string[]
  /** The head of the first of them. */
  head: string
  /** What became of the next user's request, at the same copy. */
  next: string
}

/** For how long the edge may take; the others may wait for what never comes, and are not judged by it. */
const patienceMs = { edge: 20_000, other: 700 }

export async function observe(each: Case, { name, port, places }: Proxy, place: number): Promise<Observed> {
  const [copy, prefix] = [places[place], prefixOf(place)]
  assert.ok(copy !== undefined)
  copy.script = each.answer === undefined ? undefined : placed(each.answer, prefix)
  const sends = mapBytes(each.sends, (bytes) => bytes.replaceAll("/@/", prefix))
  const answers = each.hears.split(" ").filter((status) => /^[2-9]\d\d/.test(status)).length
  const patience = name === "edge" ? patienceMs.edge : patienceMs.other
  const { answers: heard, isInTime } = await talk({ port, sends, answers, method: each.method ?? "", patienceMs: patience })
  const after = `GET ${prefix}after HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n`
  const next = await talk({ port, sends: [after], answers: 1, patienceMs: patience })
  const requests = copy.takeHeard().filter(({ start }) => !start.includes("/after "))
  const isScripted = each.answer !== undefined
  return {
    hears: heard.map((answer) => told(answer, isScripted)).join(" "),
    isInTime,
    isMalformed: requests.some(({ start }) => start.startsWith("MALFORMED")),
    asked: requests.filter(({ isWhole }) => isWhole).map((request) => asked(request).replaceAll(prefix, "/@/")),
    head: headOf(requests[0]),
    next: next.answers.map(({ body }) => body.replace(prefix, "/@/")).join(),
  }
}

const placed = ({ to, parts }: Script, prefix: string): Script => ({
  to,
  parts: mapBytes(parts, (bytes) => bytes.replaceAll("/@/", prefix)),
})

/** The body only where a script of the copy says one: the edge's own words are not the matter here. */
function told(answer: Message, isScripted: boolean): string {
  const status = Number.isNaN(statusOf(answer)) ? answer.start.slice(0, 20) : String(statusOf(answer))
  const body = isScripted && statusOf(answer) !== 502 && answer.body !== "" ? ` ${answer.body}` : ""
  return `${status}${body}${answer.isWhole ? "" : "..."}`
}

function asked({ start, body }: Message): string {
  const line = start.replace(/ HTTP\/1\.[01]$/, "")
  return body === "" ? line : `${line} ${body}`
}

function headOf(request: Message | undefined): string {
  return request === undefined ? "" : [request.start, ...request.fields.map(([name, value]) => `${name}: ${value}`)].join("\n")
}

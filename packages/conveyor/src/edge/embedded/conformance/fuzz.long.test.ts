// Bytes that nobody has thought of: the table's cases, bent at random, as requests and as answers of copies. FUZZ_SECONDS says for
// how long (half of it each), FUZZ_SEED where it begins; a failure names the seed that shows it again.
import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { after, before, describe, test } from "node:test"
import { soon } from "../../contract/traffic.ts"
import { embeddedEdge } from "../embedded-edge.ts"
import type { EmbeddedEdgeUnderTest } from "../embedded-edge.ts"
import { allCases } from "./cases/all.ts"
import { bent, inParts, randomFrom } from "./mutate.ts"
import type { Random } from "./mutate.ts"
import { wrongAnswer, wrongRequests } from "./oracle.ts"
import { close, halfClose, pause } from "./parts.ts"
import type { Part } from "./parts.ts"
import { talk } from "./raw-client.ts"
import { RawCopy } from "./raw-copy.ts"

const seconds = Number(process.env["FUZZ_SECONDS"] ?? 60)
const firstSeed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000_000)
const never = new AbortController().signal
/** Unlike each other, so that no bend makes one of another. The last copy hears what is for none of them. */
const prefixes = ["/kvzq/", "/jwxy/", "/bnpm/", "/tgdf/", "/lhrc/", "/osue/"]
const patienceMs = 30_000
const bytesOf = (parts: readonly Part[]) => parts.filter((part) => typeof part === "string").join("")
const requests = allCases.map((each) => bytesOf(each.sends)).filter((bytes) => bytes.length < 30_000)
const answers = allCases.flatMap((each) => (each.answer === undefined ? [] : [bytesOf(each.answer.parts)]))

describe("bytes that nobody has thought of", () => {
  const copies: RawCopy[] = []
  let under: EmbeddedEdgeUnderTest
  let port = 0

  before(async () => {
    for (let i = 0; i <= prefixes.length; i++) copies.push(await RawCopy.start())
    under = await embeddedEdge({ maxBodyBytes: 1_000_000, newConnectionsPerSecond: 1_000_000 })
    port = Number(new URL(under.url).port)
    const targets = Object.fromEntries(copies.map((copy, i) => [`s${i}`, [{ copy: `s${i}`, host: "127.0.0.1", port: copy.port }]]))
    const routes = [
      { prefix: "/", service: `s${prefixes.length}` },
      ...prefixes.map((prefix, i) => ({ prefix: prefix.slice(0, -1), service: `s${i}` })),
    ]
    await under.edge.apply({ generation: 1, current: "v1", routes, versions: { v1: { release: "r", targets } } }, never)
  })
  after(async () => {
    await under.close()
    for (const copy of copies) copy.stop()
  })

  async function forSomeTime(
    what: string,
    attempt: (copy: RawCopy, prefix: string, random: Random) => Promise<string | undefined>,
  ): Promise<number> {
    const until = Date.now() + (seconds * 1_000) / 2
    let tried = 0
    const wrongs: string[] = []
    const work = async (prefix: string, i: number) => {
      const copy = copies[i]
      assert.ok(copy !== undefined)
      while (Date.now() < until && wrongs.length === 0) {
        const seed = firstSeed + tried++
        const wrong = await attempt(copy, prefix, randomFrom(seed))
        if (wrong !== undefined) wrongs.push(`FUZZ_SEED=${seed}: ${wrong}`)
      }
    }
    await Promise.all(prefixes.map(work))
    assert.deepEqual(wrongs, [], what)
    return tried
  }

  /** Nobody else notices. */
  async function nextIsWell(prefix: string): Promise<string | undefined> {
    const sends = [`GET ${prefix}after HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n`]
    const { answers } = await talk({ port, sends, answers: 1, patienceMs })
    const told = answers.map(({ body }) => body).join()
    return told === `GET ${prefix}after` ? undefined : `the next user was told "${told}"`
  }

  test("a copy is asked what a strict reader finds in a client's bytes, and nothing else", async (context) => {
    const tried = await forSomeTime("requests", async (copy, prefix, random) => {
      copy.script = undefined
      const pick = () => requests[random(requests.length)] ?? ""
      const sent = bent(pick(), pick(), random).replaceAll("/@/", prefix)
      const parts = inParts(sent, random).flatMap((part): Part[] => [part, pause])
      const talked = await talk({ port, sends: [...parts.slice(0, -1), halfClose], answers: Infinity, patienceMs })
      if (!talked.hasEnded) return `it hangs on ${JSON.stringify(sent)}`
      const next = await nextIsWell(prefix)
      // What broke off may be heard of later than this.
      const heard = copy
        .takeHeard()
        .filter(({ start, isWhole }) => !start.includes("/after ") && (isWhole || start.startsWith("MALFORMED")))
      const wrong = wrongRequests({ sent, prefix, heard, answers: talked.answers }) ?? next
      return wrong === undefined ? undefined : `${wrong} in ${JSON.stringify(sent)}`
    })
    context.diagnostic(`${tried} requests were bent`)
  })

  test("a client is told what a strict reader finds in a copy's bytes, or that it is nothing", async (context) => {
    const tried = await forSomeTime("answers", async (copy, prefix, random) => {
      const pick = () => answers[random(answers.length)] ?? ""
      const [said, closes] = [bent(pick(), pick(), random), random(2) === 0]
      // One that closes late is one that hangs: the client would have to wait for the copy's time to be over.
      copy.script = { to: "whole request", parts: [...inParts(said, random), ...(closes ? [close] : [pause, close])] }
      const sends = [`GET ${prefix}g HTTP/1.1\r\nHost: shop.test\r\n\r\n`]
      const talked = await talk({ port, sends, answers: 1, patienceMs })
      copy.takeHeard()
      if (!talked.hasEnded) return `it hangs on ${JSON.stringify(said)}`
      const wrong = wrongAnswer(said, true, talked.answers)
      copy.script = undefined
      return wrong === undefined ? nextIsWell(prefix) : `${wrong} of ${JSON.stringify(said)}`
    })
    context.diagnostic(`${tried} answers were bent`)
  })

  test("the edge has met no defect of its own, and has not grown", async (context) => {
    const log = await under.readLog()
    assert.doesNotMatch(log, /a defect of the edge|could not be handled/)
    assert.equal(log.match(/"msg":"the edge serves"/g)?.length, 1, "the worker that began is still there")
    const pid = /"pid":(\d+)[^\n]*"msg":"the edge serves"/.exec(log)?.[1]
    const megabytes = Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1]) / 1_024
    context.diagnostic(`the worker has ${Math.round(megabytes)} MB`)
    assert.ok(megabytes < 400, `${megabytes} MB`)
    await soon("nothing in flight", async () => (await under.edge.observe(never)).versions["v1"]?.inFlight === 0)
  })
})

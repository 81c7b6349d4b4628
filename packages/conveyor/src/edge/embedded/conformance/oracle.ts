// What may become of bytes that nobody has judged before: the copy is asked what a strict reader finds in them, in that order and
// nothing else, and the client is told what a strict reader finds in the copy's bytes, or that there is nothing good. Pure; asked
// by the fuzzer. Each function gives what is wrong, or undefined.
import { messagesIn, statusOf } from "./messages.ts"
import type { Message } from "./messages.ts"

interface Exchange {
  sent: string
  /** Of the targets that the copy is asked for; what goes elsewhere is others' to hear. */
  prefix: string
  /** What the copy heard whole. */
  heard: readonly Message[]
  answers: readonly Message[]
}

/** A copy that was asked less than was sent is right: the edge may refuse. One that was asked anything else is smuggled to. */
export function wrongRequests({ sent, prefix, heard, answers }: Exchange): string | undefined {
  const read = messagesIn(sent, { kind: "requests", hasEnded: true }).filter((each) => asked(each).includes(` ${prefix}`))
  for (const [i, request] of heard.entries()) {
    const meant = read[i]
    if (request.start.startsWith("MALFORMED")) return `the copy cannot read "${request.start}"`
    if (meant === undefined) return `the copy was asked "${request.start}", which nobody sent`
    if (asked(request) !== asked(meant)) return `the copy was asked "${asked(request)}" where "${asked(meant)}" was sent`
    if (!meant.isWhole || request.body !== meant.body) return `the copy got another body for "${asked(request)}"`
  }
  const echoes = answers.filter((each) => statusOf(each) === 200 && / \//.test(each.body))
  const strange = echoes
    .filter((each) => each.body.includes(` ${prefix}`))
    .find((each) => !heard.some((request) => each.body === request.start.replace(/ HTTP\/1\.[01]$/, "")))
  return strange === undefined ? undefined : `the client was told "${strange.body}", which it did not ask`
}

/** Whatever is no whole answer to the letter must not look like one to the client. */
export function wrongAnswer(said: string, closes: boolean, answers: readonly Message[]): string | undefined {
  const [given] = answers.filter((each) => statusOf(each) >= 200)
  if (given === undefined) return "the client was told nothing"
  const meant = messagesIn(said, { kind: "answers", hasEnded: closes }).find((each) => !(statusOf(each) < 200 && statusOf(each) !== 101))
  if (statusOf(given) === 502 || !given.isWhole) return undefined
  if (meant === undefined || !meant.isWhole) return `the client took "${given.start}" with ${given.body.length} bytes for whole`
  if (statusOf(meant) !== statusOf(given)) return `the client was told ${statusOf(given)} where ${statusOf(meant)} was said`
  return meant.body === given.body ? undefined : "the client was given another body"
}

function asked({ start }: Message): string {
  const [method = "", target = ""] = start.split(" ")
  const [, rest] = /^https?:\/\/[^/?]*(.*)$/i.exec(target) ?? []
  if (rest === undefined) return `${method} ${target}`
  return `${method} ${rest.startsWith("/") ? rest : `/${rest}`}`
}

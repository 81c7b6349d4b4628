// A closed loop over raw sockets, as cheap as Node allows, so that what is measured is the other side: every connection
// asks again as soon as it has its answer. `node saturate.ts <url> <scenario> <connections> <ms>` prints one JSON line.
import { connect } from "node:net"
import type { RequestSpec, Scenario } from "../../packages/witness/src/scenario.ts"
import { Chance } from "../../packages/witness/src/chance.ts"

export interface Saturation {
  /** All answers, and those after the warm-up with the time that they took. */
  answers: number
  counted: number
  countedMs: number
}

const warmUpMs = 150

const [url = "", scenarioFile = "", connections = "", ms = ""] = process.argv.slice(2)
const { hostname, port } = new URL(url)
const { default: scenario } = (await import(scenarioFile)) as { default: Scenario }
const [first] = scenario.requests
if (first === undefined) throw new Error(`${scenarioFile} has no request`)
const question = wireFormOf(first.make(new Chance(1)))

let answers = 0
let over = false
const loops = Array.from({ length: Number(connections) }, () => askAgainAndAgain())
const countFrom = await after(warmUpMs)
const countTo = await after(Number(ms))
over = true
await Promise.all(loops)
const result: Saturation = { answers, counted: countTo.answers - countFrom.answers, countedMs: countTo.at - countFrom.at }
process.stdout.write(`${JSON.stringify(result)}\n`)

function after(waitMs: number): Promise<{ answers: number; at: number }> {
  return new Promise((resolve) => setTimeout(() => resolve({ answers, at: performance.now() }), waitMs))
}

/** Resolves when the last answer is whole; rejects on anything but whole answers of status 2xx. */
function askAgainAndAgain(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true }, () => socket.write(question))
    let waiting: Buffer = Buffer.alloc(0)
    socket.on("data", (chunk: Buffer) => {
      waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk])
      const length = lengthOfAnswer(waiting)
      if (length === undefined || waiting.length < length) return
      waiting = waiting.subarray(length)
      answers++
      if (over) socket.end()
      else socket.write(question)
    })
    socket.once("close", () => (over ? resolve() : reject(new Error(`${url} closed a connection that was in use`))))
    socket.once("error", reject)
  })
}

/** Of an answer that says its length, with its head; undefined where the head is not whole yet. */
function lengthOfAnswer(bytes: Buffer): number | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n")
  if (headEnd === -1) return undefined
  const head = bytes.toString("latin1", 0, headEnd)
  const body = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (!head.startsWith("HTTP/1.1 2") || body === undefined) throw new Error(`${url} answered ${head}`)
  return headEnd + 4 + Number(body)
}

function wireFormOf({ method, path, headers = {}, body = "" }: RequestSpec): Buffer {
  if (typeof body !== "string") throw new Error("only bodies of text can be sent again and again")
  const framing = body === "" ? {} : { "content-length": Buffer.byteLength(body) }
  const fields = Object.entries({ host: `${hostname}:${port}`, ...headers, ...framing }).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${fields.join("")}\r\n${body}`)
}

// A client that sends bytes as they are told, and reads the answers to the letter. Called by the conformance tests.
import { connect } from "node:net"
import { setTimeout as delay } from "node:timers/promises"
import { messagesIn, statusOf } from "./messages.ts"
import type { Message } from "./messages.ts"
import type { Part } from "./parts.ts"

export interface Talk {
  port: number
  sends: readonly Part[]
  /** So many answers, beside interim ones, are waited for. */
  answers: number
  method?: string
  /** For how long, in ms. */
  patienceMs: number
}

export interface Heard {
  answers: Message[]
  /** Whether they came, or the other side closed, before our patience had an end. */
  isInTime: boolean
  /** Whether the other side has closed, after we have at the latest. */
  hasEnded: boolean
}

/** Says goodbye when it has its answers, and hears the other side out: whatever else came for it comes before the end. */
export async function talk({ port, sends, answers, method = "", patienceMs }: Talk): Promise<Heard> {
  let [text, isOver] = ["", false]
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true })
  let wake = () => {}
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1")
    wake()
  })
  const end = () => {
    isOver = true
    wake()
  }
  socket.on("error", end).on("end", end).on("close", end)
  const heard = () => messagesIn(text, { kind: "answers", hasEnded: isOver, method })
  const isSatisfied = () => isOver || heard().filter((each) => each.isWhole && statusOf(each) >= 200).length >= answers
  const until = async (condition: () => boolean) => {
    const patience = AbortSignal.timeout(patienceMs)
    const late = new Promise<void>((resolve) => patience.addEventListener("abort", () => resolve()))
    while (!condition() && !patience.aborted) await Promise.race([new Promise<void>((resolve) => (wake = resolve)), late])
  }
  for (const part of sends) {
    const before = text.length
    if (typeof part === "string") socket.write(part, "latin1")
    else if (part.act === "pause") await delay(30)
    else if (part.act === "heard") await until(() => text.length > before || isOver)
    else socket.end()
  }
  await until(isSatisfied)
  const isInTime = isSatisfied()
  socket.end()
  await until(() => isOver)
  const hasEnded = isOver
  socket.destroy()
  return { answers: heard(), isInTime, hasEnded }
}

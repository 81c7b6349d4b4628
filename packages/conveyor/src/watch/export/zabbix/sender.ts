// Zabbix' sender protocol: values of trapper items over TCP to the server or a proxy. Called by the exporter beside it.
// Protocol: Zabbix documentation, "Sender protocol" (header "ZBXD", flags 1, length as uint32 LE, reserved 0, JSON).
import { once } from "node:events"
import { connect } from "node:net"
import { z } from "zod"
import { ConveyorError } from "../../../kernel/errors/errors.ts"
import { jsonOf } from "../../../kernel/json.ts"

export interface Value {
  host: string
  key: string
  value: string
  /** Seconds since the Unix epoch. */
  clock: number
}

export interface Taken {
  processed: number
  /** Of unknown hosts or items, or of another type: "success" says nothing about these. */
  failed: number
}

const mostAtOnce = 250
const longestAnswer = 65_536
const withinMs = 10_000

const answerSchema = z.object({ response: z.string(), info: z.string() })

/** @throws ConveyorError "not-reachable" where nobody answers, or not in this protocol */
export async function send(server: { host: string; port: number }, values: readonly Value[], signal: AbortSignal): Promise<Taken> {
  let taken: Taken = { processed: 0, failed: 0 }
  for (let i = 0; i < values.length; i += mostAtOnce) {
    const { processed, failed } = await sendFew(server, values.slice(i, i + mostAtOnce), signal)
    taken = { processed: taken.processed + processed, failed: taken.failed + failed }
  }
  return taken
}

async function sendFew({ host, port }: { host: string; port: number }, data: readonly Value[], signal: AbortSignal): Promise<Taken> {
  const bound = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
  const socket = connect({ host, port })
  const silent = (because: string, cause?: unknown) =>
    new ConveyorError("not-reachable", `the Zabbix server at ${host}:${port} ${because}`, { facts: { host, port }, cause })
  try {
    await once(socket, "connect", { signal: bound })
    socket.write(framed(JSON.stringify({ request: "sender data", data })))
    return takenOf(await answerOf(socket, bound)) ?? Promise.reject(silent("answers in another protocol"))
  } catch (cause) {
    if (cause instanceof ConveyorError) throw cause
    signal.throwIfAborted()
    throw silent("does not answer", cause)
  } finally {
    socket.on("error", () => {}).destroy()
  }
}

function framed(json: string): Buffer {
  const body = Buffer.from(json)
  const head = Buffer.alloc(13)
  head.write("ZBXD\u0001", "latin1")
  head.writeUInt32LE(body.length, 5)
  return Buffer.concat([head, body])
}

async function answerOf(socket: ReturnType<typeof connect>, signal: AbortSignal): Promise<string> {
  let all = Buffer.alloc(0)
  const abort = () => socket.destroy(new Error("no answer in time"))
  signal.addEventListener("abort", abort, { once: true })
  try {
    for await (const part of socket as AsyncIterable<Buffer>) {
      all = Buffer.concat([all, part])
      if (all.length > longestAnswer) break
    }
  } finally {
    signal.removeEventListener("abort", abort)
  }
  return all.subarray(0, 4).toString("latin1") === "ZBXD" ? all.subarray(13).toString() : ""
}

/** `info` says "processed: 1; failed: 2; total: 3; seconds spent: 0.0002". */
function takenOf(json: string): Taken | undefined {
  const answer = answerSchema.safeParse(jsonOf(json))
  const [, processed, failed] = /processed: (\d+); failed: (\d+)/.exec(answer.data?.info ?? "") ?? []
  return answer.data?.response !== "success" || processed === undefined
    ? undefined
    : { processed: Number(processed), failed: Number(failed) }
}

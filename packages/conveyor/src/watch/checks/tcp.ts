// A port that takes connections. Made by kinds.ts.
import { once } from "node:events"
import { connect } from "node:net"
import { fine, problem } from "./check.ts"
import type { Finding } from "./check.ts"
import { whyNoAnswer } from "./asked.ts"
import type { Clock } from "../../kernel/time/clock.ts"

export async function askTcp({ host, port }: { host: string; port: number }, clock: Clock, signal: AbortSignal): Promise<Finding> {
  const startedAt = clock.now()
  const socket = connect({ host, port })
  try {
    await once(socket, "connect", { signal })
    const ms = clock.now() - startedAt
    return fine(`${host}:${port} takes connections, in ${ms} ms`, { connect_ms: ms })
  } catch (thrown) {
    const reason = signal.aborted ? "no connection in time" : whyNoAnswer(thrown)
    return problem(`${host}:${port}: ${reason}`)
  } finally {
    // Whatever comes after this is nobody's.
    socket.on("error", () => {}).destroy()
  }
}

// Asks every running copy how it is, the current version's and the warm ones', a few at a time, so that a rollback knows
// beforehand who is well, and idle copies stay warm in truth: their code, their connections. Called by the control plane.
import { seconds } from "../../kernel/duration.ts"
import { ConveyorError, describe } from "../../kernel/errors.ts"
import type { Copy, WantedService } from "../../runtime/runtime.ts"
import type { Ports } from "../ports.ts"
import type { Illness } from "./health.ts"
import { Lateness } from "./lateness.ts"

/** A copy is asked again when its last answer is older than this. */
const everyMs = seconds(4)
/** What verify takes for an answer of now: two rounds of asking, with room for one that came late. */
export const freshMs = seconds(12)
const atOnce = 2
const answersWithinMs = seconds(3)
/** Whoever was so late itself has not listened. */
const tooLateMs = seconds(1)

/** One round. A copy that does not answer is noted as ill; what comes of that is for others to decide. */
export async function checkUp(ports: Ports, signal: AbortSignal): Promise<void> {
  const { copies, wanted } = await ports.runtime.observe(signal)
  const running = copies.filter((copy) => copy.state === "running")
  ports.health.keepOnly(new Set(running.map(({ id }) => id)))
  const due = running.filter(({ id }) => (ports.health.wellFor(id, ports.clock.now()) ?? Infinity) >= everyMs)
  const turns = Array.from({ length: atOnce }, async () => {
    for (let copy = due.shift(); copy !== undefined; copy = due.shift()) {
      // As it was recorded when the copy was wanted, whatever is thought today of its commit's conveyor.yml.
      const { status } = wanted.find(({ service, version }) => service === copy.service && version === copy.version) ?? {}
      if (status !== undefined) await ask(ports, copy, status, signal)
    }
  })
  await Promise.all(turns)
}

async function ask(ports: Ports, { id, address, release }: Copy, status: WantedService["status"], signal: AbortSignal): Promise<void> {
  const lateness = new Lateness()
  try {
    await ports.queryStatus({ address, ...status, release, signal: AbortSignal.any([signal, AbortSignal.timeout(answersWithinMs)]) })
    ports.health.noteWell(id, ports.clock.now())
  } catch (thrown) {
    signal.throwIfAborted()
    const illness = illnessOf(thrown)
    if (illness.kind !== "silent" || lateness.end() < tooLateMs) ports.health.noteIll(id, illness, ports.clock.now())
  } finally {
    lateness.end()
  }
}

function illnessOf(thrown: unknown): Pick<Illness, "kind" | "reason"> {
  const isTimeout = thrown instanceof Error && thrown.name === "TimeoutError"
  if (isTimeout) return { kind: "silent", reason: `no answer within ${answersWithinMs / 1_000} s` }
  const hasAnswered = thrown instanceof ConveyorError && thrown.facts["status"] !== undefined
  return { kind: hasAnswered ? "says-so" : "refuses", reason: describe(thrown) }
}

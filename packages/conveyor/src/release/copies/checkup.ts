// Asks every running copy how it is, the current version's and the warm ones', a few at a time, so that a rollback knows
// beforehand who is well, and idle copies stay warm in truth: their code, their connections. Called by the control plane.
import { seconds } from "../../kernel/time/duration.ts"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import type { HealthCheck } from "../../kernel/health-check.ts"
import type { Copy } from "../../runtime/runtime.ts"
import type { Ports } from "../ports.ts"
import { askCopy } from "./ask-copy.ts"
import type { Illness } from "./health.ts"
import { Lateness } from "./lateness.ts"

/** What verify takes for an answer of now: two rounds of asking, with room for one that came late. */
export const freshMs = ({ intervalMs }: HealthCheck): number => Math.max(seconds(12), 3 * intervalMs)
const atOnce = 4
/** Whoever was so late itself has not listened. */
const tooLateMs = seconds(1)

/** One round. A copy that does not answer is noted as ill; what comes of that is for others to decide. */
export async function checkUp(ports: Ports, signal: AbortSignal): Promise<void> {
  const { copies, wanted } = await ports.runtime.observe(signal)
  const running = copies.filter((copy) => copy.state === "running")
  ports.health.keepOnly(new Set(running.map(({ id }) => id)))
  const due = running.flatMap((copy) => {
    // As it was recorded when the copy was wanted, whatever is thought today of its commit's conveyor.yml.
    const { health: check } = wanted.find(({ service, version }) => service === copy.service && version === copy.version) ?? {}
    // What only has to live long enough is not ill before it can have.
    const isYoung = check?.kind === "stays-up" && ports.clock.now() - copy.startedAt < check.forMs
    const isDue = check !== undefined && !isYoung && (ports.health.wellFor(copy.id, ports.clock.now()) ?? Infinity) >= check.intervalMs
    return isDue ? [{ copy, check }] : []
  })
  const turns = Array.from({ length: atOnce }, async () => {
    for (let next = due.shift(); next !== undefined; next = due.shift()) await ask(ports, next.copy, next.check, signal)
  })
  await Promise.all(turns)
}

async function ask(ports: Ports, copy: Copy, check: HealthCheck, signal: AbortSignal): Promise<void> {
  const lateness = new Lateness()
  try {
    await askCopy(ports, copy, check, signal)
    ports.health.noteWell(copy.id, ports.clock.now())
  } catch (thrown) {
    signal.throwIfAborted()
    const illness = illnessOf(thrown)
    const isHeard = illness.kind !== "silent" || lateness.end() < tooLateMs
    if (isHeard) ports.health.noteIll(copy.id, { ...illness, outAfter: check.failures }, ports.clock.now())
  } finally {
    lateness.end()
  }
}

function illnessOf(thrown: unknown): Pick<Illness, "kind" | "reason"> {
  const facts = thrown instanceof ConveyorError ? thrown.facts : {}
  if (facts["silentMs"] !== undefined) return { kind: "silent", reason: describe(thrown) }
  const hasAnswered = facts["status"] !== undefined || facts["exitCode"] !== undefined
  return { kind: hasAnswered ? "says-so" : "refuses", reason: describe(thrown) }
}

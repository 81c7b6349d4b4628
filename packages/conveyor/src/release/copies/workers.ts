// Who works when another version becomes the current one: the old version's workers rest before it, and the new one's are awake
// after it, so that what users enqueue from then on is done by the current version alone. Called by the step switch; what it
// did not come to do, the keeper does. And whether workers live, asked by the step bake.
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { hasEnded } from "../../runtime/reconcile.ts"
import { restsOf } from "../../runtime/runtime.ts"
import type { Copy, WantedService } from "../../runtime/runtime.ts"
import type { Ports, Progress } from "../ports.ts"

export interface Handover {
  to: string
  /** "wait" until what the old workers are at is done, within their grace. "do-not-wait": they are told, and users come first. */
  old: "wait" | "do-not-wait"
  signal: AbortSignal
  report: (progress: Progress) => void
}

/** `change` makes the other version current. */
export async function handOverWork<T>(ports: Ports, { to, old, signal, report }: Handover, change: () => Promise<T>): Promise<T> {
  const { wanted, copies } = await ports.runtime.observe(signal)
  const others = wanted.filter(({ version }) => version !== to)
  for (const version of namesOf(others)) await ports.runtime.tell(version, "not-current", signal)
  const workers = others.filter(restsOf)
  const resting = Promise.all(namesOf(workers).map((version) => ports.runtime.rest(version, signal)))
  resting.catch(() => {})
  if (old === "wait") {
    const atWork = copies.filter((copy) => workers.some(({ service, version }) => service === copy.service && version === copy.version))
    if (atWork.length > 0) report({ message: `waiting until ${atWork.map(({ id }) => id).join(", ")} have ended what they are at` })
    await resting
  }
  const changed = await change()
  await ports.runtime.wake(to, signal)
  await ports.runtime.tell(to, "current", signal)
  return changed
}

const namesOf = (services: readonly WantedService[]): string[] => [...new Set(services.map(({ version }) => version))]

const endsInARow = 2

/** @throws ConveyorError "copy-died" where a worker of the version ends again and again: no user's request would tell. */
export async function assertWorkersLive({ runtime }: Ports, version: string, signal: AbortSignal): Promise<void> {
  const { wanted, copies } = await runtime.observe(signal)
  const isWorker = ({ service }: Copy) =>
    wanted.some((each) => each.role === "worker" && each.version === version && each.service === service)
  const ends = (copy: Copy) => copy.restarts + (hasEnded(copy) ? 1 : 0)
  const dying = copies.find((copy) => copy.version === version && isWorker(copy) && ends(copy) >= endsInARow)
  if (dying === undefined) return
  const { reason } = dying.end ?? dying.before ?? { reason: "how is not known" }
  throw new ConveyorError("copy-died", `${dying.service} of ${version} ends again and again: ${reason}`, {
    facts: { copy: dying.id, restarts: dying.restarts },
    hint: `See its output: conveyor logs ${version} ${dying.service}`,
  })
}

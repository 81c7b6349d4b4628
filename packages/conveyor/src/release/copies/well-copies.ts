// Every service's copies of a version, each known to be well. Called by verify, and by switch, since a copy may have ended
// in between, and a version that lacks a service is given to nobody.
import { healthOf } from "../../config/config.ts"
import type { Config } from "../../config/config.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { until } from "../../kernel/time/until.ts"
import type { Copy } from "../../runtime/runtime.ts"
import type { Ports, Progress } from "../ports.ts"
import { freshMs } from "./checkup.ts"
import { runningCopies, waitUntilWell } from "./copies.ts"

export interface WellCopiesOptions {
  version: string
  config: Config
  /** Of a service without a running copy: "fail" at once, or "wait" until the runtime has filled its place. */
  missing: "fail" | "wait"
  /** How long each may take to say that it is well. */
  withinMs: number
  signal: AbortSignal
  report: (progress: Progress) => void
}

export interface WellCopies {
  copies: readonly Copy[]
  /** Those that had to be asked; of the others it was known. */
  asked: readonly string[]
}

/** @throws ConveyorError "copy-died", "address-taken"; TimedOutError with a copy's last answer. */
export async function wellCopies(ports: Ports, options: WellCopiesOptions): Promise<WellCopies> {
  const { version, config, withinMs, signal, report } = options
  const { copies, lacking } = await copiesOfEveryService(ports, options)
  // Who was asked between releases and was well is not asked again: of warm copies a rollback knows already.
  const checkOf = ({ service }: Copy) => healthOf(config, service)
  const unknown = copies.filter((copy) => (ports.health.wellFor(copy.id, ports.clock.now()) ?? Infinity) > freshMs(checkOf(copy)))
  if (unknown.length > 0) report({ message: `asking ${unknown.length} of ${copies.length} copies of ${version} how they are` })
  await askAll(unknown, async (copy, others) => {
    await waitUntilWell(ports, copy, { check: checkOf(copy), withinMs }, AbortSignal.any([signal, others]))
    ports.health.noteWell(copy.id, ports.clock.now())
  })
  if (lacking.length > 0) throw lacks(version, lacking)
  return { copies, asked: unknown.map(({ id }) => id) }
}

interface Found {
  copies: readonly Copy[]
  /** Services without a copy that runs. */
  lacking: readonly string[]
}

async function copiesOfEveryService(ports: Ports, { version, config, missing, signal, report }: WellCopiesOptions): Promise<Found> {
  const look = async () => {
    const copies = await runningCopies(ports, version, signal)
    const { wanted } = await ports.runtime.observe(signal)
    // What rests until its version is the current one has no copies before.
    const rests = (service: string) =>
      wanted.some((each) => each.version === version && each.service === service && each.work === "resting")
    const isLacking = (service: string) => !copies.some((copy) => copy.service === service) && !rests(service)
    return { copies, lacking: Object.keys(config.services).filter(isLacking) }
  }
  const first = await look()
  // Those that are there say more than that others are not.
  if (first.lacking.length === 0 || missing === "fail") return first
  return until(
    async () => {
      const { copies, lacking } = await look()
      if (lacking.length === 0) return { done: { copies, lacking } }
      report({ message: `waiting for a copy of ${lacking.join(", ")} at ${version}` })
      return { notYet: `no copy of ${lacking.join(", ")} runs` }
    },
    { what: `a copy of every service of ${version}`, everyMs: 100, withinMs: config.release.start_within, clock: ports.clock, signal },
  )
}

const lacks = (version: string, missing: readonly string[]) =>
  new ConveyorError("copy-died", `no copy of ${missing.join(", ")} runs at ${version}`, {
    facts: { missing },
    hint: `See their output: conveyor logs ${version} ${missing[0] ?? ""}`,
  })

/** All at once; the first that is not well ends the asking of the others. */
async function askAll(copies: readonly Copy[], ask: (copy: Copy, others: AbortSignal) => Promise<unknown>): Promise<void> {
  const failed = new AbortController()
  const asked = copies.map((copy) =>
    ask(copy, failed.signal).catch((cause: unknown) => {
      failed.abort(cause)
      throw cause
    }),
  )
  const [first] = (await Promise.allSettled(asked)).filter((each) => each.status === "rejected")
  if (first !== undefined) throw failed.signal.reason
}

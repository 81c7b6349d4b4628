// bake: the new version is watched beside the old one, and judged. Bad means going back; no evidence means the same.
import type { SilentMember, VersionCounters } from "../../edge/edge.ts"
import { ConveyorError } from "../../kernel/errors.ts"
import { judge, since, warmUpMs } from "../evidence.ts"
import type { Evidence } from "../evidence.ts"
import type { Step, StepContext } from "./step.ts"

const lookEveryMs = 500

interface Switched {
  previous?: string
  countersBefore: Readonly<Record<string, VersionCounters>>
  switchedAt: number
}

export const bake: Step = {
  async prepare({ ports, release }) {
    const journal = ports.store.journal(release.id).filter((event) => event.step === "switch")
    const started = journal.find((event) => event.event === "started")?.facts
    const succeeded = journal.findLast((event) => event.event === "succeeded")?.facts
    return { ...started, switchedAt: succeeded?.["switchedAt"] ?? ports.clock.now() }
  },

  async run(context, prepared) {
    const switched = prepared as unknown as Switched
    const { ports, config, signal, report, version } = context
    // Taken at the first look after the warm-up; whoever carries on after a crash takes it then.
    let atWarm: VersionCounters | undefined
    for (;;) {
      const evidence = await gather(context, switched)
      if (evidence.silent.length > 0 && evidence.elapsedMs < config.release.bake.at_most) {
        report({ message: `holding for evidence: ${evidence.silent.map(({ member }) => `edge ${member} does not answer`).join(", ")}` })
        await ports.clock.sleep(lookEveryMs, signal)
        continue
      }
      if (evidence.elapsedMs >= warmUpMs(config.release.bake)) atWarm ??= evidence.newer
      if (atWarm !== undefined) evidence.warm = since(atWarm, evidence.newer)
      const { verdict, reason } = judge(evidence, config.release.bake)
      if (verdict === "good") {
        await endRescue(context)
        return { verdict, reason, requests: evidence.newer.requests, rescued: evidence.newer.rescued }
      }
      if (verdict !== "wait") {
        throw new ConveyorError(verdict === "bad" ? "worse-than-before" : "no-evidence", reason, {
          facts: { verdict, newer: totals(evidence.newer), older: evidence.older === undefined ? undefined : totals(evidence.older) },
          hint:
            verdict === "bad"
              ? `See what failed: conveyor logs ${version().name}`
              : "Nothing is promoted on missing evidence: let users or a witness send requests, or lower release.bake.at_least.",
        })
      }
      report({ message: reason })
      await ports.clock.sleep(lookEveryMs, signal)
    }
  },
}

async function gather(
  { ports, version, signal }: StepContext,
  { previous, countersBefore, switchedAt }: Switched,
): Promise<Evidence & { silent: readonly SilentMember[] }> {
  const { versions, silent } = await ports.metering.observe(signal)
  const [newer, older] = [versions[version().name]?.counters, previous === undefined ? undefined : versions[previous]?.counters]
  if (newer === undefined)
    throw new ConveyorError("no-evidence", `the edge has no counters of ${version().name}`, { facts: { versions: Object.keys(versions) } })
  return {
    newer: since(countersBefore[version().name], newer),
    // All that the old version ever did is its baseline: its pages leave during the bake, so what it does now may be little.
    older,
    elapsedMs: ports.clock.now() - switchedAt,
    silent,
  }
}

/** From here on the new version answers for itself. */
async function endRescue({ ports, signal }: StepContext): Promise<void> {
  await ports.routing.change((now) => {
    if (now?.rescue === undefined) return now
    const { rescue: _, ...rest } = now
    return { ...rest, generation: now.generation + 1 }
  }, signal)
}

const totals = ({ requests, serverErrors, unreachable, rescued }: VersionCounters) => ({ requests, serverErrors, unreachable, rescued })

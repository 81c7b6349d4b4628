// bake: the new version is judged against the old one, which is asked the same at the same moment. Bad means going back; where
// too little is known it is held, in the open, for evidence or for a person's word.
import type { Comparison, ComparisonCell, SilentMember, VersionCounters } from "../../edge/edge.ts"
import { noCounters } from "../../edge/edge.ts"
import { addComparisons } from "../../edge/sums.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import type { Facts } from "../../kernel/errors/errors.ts"
import { assertWorkersLive } from "../copies/workers.ts"
import { cellsSince } from "../evidence/cells.ts"
import { conclude } from "../evidence/conclude.ts"
import { comparisonOfCounters, since } from "../evidence/counters.ts"
import { alpha, smallestFault } from "../evidence/findings.ts"
import { judge, warmUpMs } from "../evidence/judge.ts"
import type { Evidence } from "../evidence/judge.ts"
import { routesOf } from "../fit/versions.ts"
import { askBoth } from "../synthetic.ts"
import { withoutProbation } from "../routing/table.ts"
import type { Step, StepContext } from "./step.ts"

const lookEveryMs = 500

interface Switched {
  previous?: string
  countersBefore: Readonly<Record<string, VersionCounters>>
  switchedAt: number
}

export const bake: Step = {
  async prepare({ ports, release }) {
    const journal = (await ports.journal.of(release.id)).filter((event) => event.step === "switch")
    const started = journal.find((event) => event.event === "started")?.facts
    const succeeded = journal.findLast((event) => event.event === "succeeded")?.facts
    return { ...started, switchedAt: succeeded?.["switchedAt"] ?? ports.clock.now() }
  },

  async run(context, prepared) {
    const switched = prepared as unknown as Switched
    const { ports, config, signal, report, holds, version } = context
    const policy = config.release.bake
    const asked = new Asked()
    // Taken at the first look after the warm-up; whoever carries on after a crash takes it then.
    let atWarm: readonly ComparisonCell[] | undefined
    if (routesOf(config).length === 0) return bakeWithoutUsers(context, switched)
    for (;;) {
      await assertWorkersLive(ports, version().name, signal)
      const seen = await gather(context, switched, asked)
      const { elapsedMs } = seen
      const cells = seen.comparison?.cells ?? []
      if (elapsedMs >= warmUpMs(policy)) atWarm ??= cells
      const verdict = judge({ ...seen, sinceWarm: atWarm === undefined ? [] : cellsSince(atWarm, cells) }, policy)
      const conclusion = conclude(verdict, policy, {
        version: version().name,
        elapsedMs,
        promotedBy: await promotedBy(context),
        next: await nextOf(context),
      })
      const evidence = {
        alpha,
        smallestFault: smallestFault(cells),
        requests: seen.requests,
        findings: verdict.findings,
        verdict: verdict.verdict,
      }
      if (conclusion.does === "promote") {
        await endProbation(context)
        return { ...evidence, reason: conclusion.reason, rescued: seen.rescued }
      }
      if (conclusion.does === "go-back") {
        throw new ConveyorError(conclusion.code, conclusion.reason, { facts: evidence, hint: conclusion.hint })
      }
      if (conclusion.does === "hold") await holds.stand({ until: "evidence", boundMs: conclusion.leftMs, reason: conclusion.reason })
      else await holds.over("evidence", "met")
      report({ message: conclusion.message })
      const wantsMore = isQuiet(seen, policy) || (policy.when_quiet === "synthetic" && verdict.findings.length > 0)
      if (wantsMore && switched.previous !== undefined) {
        asked.add(await askBoth(context, { newer: version().name, older: switched.previous }))
      }
      await ports.clock.sleep(lookEveryMs, signal)
    }
  },
}

/** Nobody can tell but the workers themselves: they have to live. */
async function bakeWithoutUsers(context: StepContext, { switchedAt }: Switched): Promise<Facts> {
  const { ports, config, signal, report, version } = context
  const until = switchedAt + config.release.bake.for
  while (ports.clock.now() < until && promotedBy(context) === undefined) {
    await assertWorkersLive(ports, version().name, signal)
    report({ message: `workers have to live for another ${Math.ceil((until - ports.clock.now()) / 1_000)} s` })
    await ports.clock.sleep(lookEveryMs, signal)
  }
  await endProbation(context)
  return { reason: "no service has routes, and its workers live" }
}

/** What the conveyor has asked of both by itself, since it carries this run. */
class Asked {
  cells: ComparisonCell[] = []
  requests = 0

  add(cells: readonly ComparisonCell[]): void {
    this.cells.push(...cells)
    this.requests += cells.length
  }
}

type Seen = Omit<Evidence, "sinceWarm"> & { rescued: number }

async function gather(
  { ports, version, signal }: StepContext,
  { previous, countersBefore, switchedAt }: Switched,
  asked: Asked,
): Promise<Seen> {
  const [{ versions, silent: silentMeters }, { comparison, silent }] = [
    await ports.metering.observe(signal),
    await ports.metering.comparison(signal),
  ]
  const names = { newer: version().name, older: previous ?? "" }
  const newer = since(countersBefore[names.newer], countersOf(versions[names.newer]))
  return {
    comparison:
      previous === undefined
        ? undefined
        : together(comparison ?? comparisonOfCounters(names, newer, countersOf(versions[previous])), asked),
    requests: newer.requests + asked.requests,
    rescued: newer.rescued,
    elapsedMs: ports.clock.now() - switchedAt,
    silent: namesOf([...silentMeters, ...silent]),
  }
}

const together = (comparison: Comparison, { cells }: Asked): Comparison =>
  addComparisons([comparison, { ...comparison, cells, before: {} }], comparison)

const countersOf = (traffic: { counters: VersionCounters } | undefined): VersionCounters => traffic?.counters ?? noCounters

const namesOf = (silent: readonly SilentMember[]): string[] => [...new Set(silent.map(({ member }) => member))]

/** Users have had half of the bake to show how it is. */
const isQuiet = ({ requests, elapsedMs }: Seen, policy: StepContext["config"]["release"]["bake"]): boolean =>
  policy.when_quiet === "synthetic" && requests < policy.at_least && elapsedMs >= policy.for / 2

/** A person's word is in the journal, so that it outlives whoever carries the run. */
async function promotedBy({ ports, release }: StepContext): Promise<string | undefined> {
  const said = (await ports.journal.of(release.id)).findLast(
    (event) => event.step === "bake" && typeof event.facts["promotedBy"] === "string",
  )
  return said?.facts["promotedBy"] as string | undefined
}

async function nextOf({ ports, release }: StepContext): Promise<string | undefined> {
  return (await ports.queue.inState("queued")).findLast(({ kind, id }) => kind === "release" && id > release.id)?.version
}

/** From here on the new version answers for itself. */
async function endProbation({ ports, signal }: StepContext): Promise<void> {
  await ports.routing.change((now) => (now === undefined ? now : withoutProbation(now)), signal)
}

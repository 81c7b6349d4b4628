// What a run is going to do, step by step, as data. Pure: from what is wished and what is seen. Called by run.ts, which has
// steps/ carry it out, and for `conveyor plan`, which shows the very same.
import type { ChangeStatus } from "../../change/engine.ts"
import { healthOf } from "../../config/config.ts"
import type { Config } from "../../config/config.ts"
import { checkInWords } from "../../kernel/health-check.ts"
import { atOnceOf, wavesOf } from "../copies/waves.ts"
import { plans } from "../plan.ts"
import type { Known, Observed, Wish } from "./observed.ts"
import type { PlannedChanges, PlannedStep, PlannedSteps, ToBeAsked } from "./planned.ts"

export function planRun(wish: Wish, observed: Observed): PlannedStep[] {
  return plans[wish.kind].steps.map((step) => ({ step, plan: planners[step](wish, observed) }) as PlannedStep)
}

const planners: { [Step in keyof PlannedSteps]: (wish: Wish, observed: Observed) => PlannedSteps[Step] } = {
  build: ({ config, version }) => ({ command: config.build?.run, artifact: version?.artifact?.id }),
  test: ({ config }, { testedIn }) => {
    if (config.test === undefined) return { does: "skip", because: "conveyor.yml names no test command" }
    if (testedIn !== undefined) return { does: "skip", because: `the same artifact passed in run ${testedIn}` }
    return { does: "run", command: config.test.run }
  },
  expand: (_, { changes }) => ({ of: those(changes, isUnexpanded) }),
  backfill: (_, { changes }) => ({ of: those(changes, isUnready) }),
  start: ({ kind, config }, { wanted, cores }) => {
    const services = Object.entries(config.services).map(([service, { copies }]) => ({ service, copies }))
    const already = wanted.is === "known" ? wanted.value : {}
    const { at_once, wait_for_users } = config.release.start
    return {
      copies: Object.fromEntries(services.map(({ service, copies }) => [service, copies])),
      waves: wavesOf(services, already, atOnceOf(at_once, cores)),
      // What users wait for may be what a rollback takes away.
      waitForUsersMs: kind !== "release" || wait_for_users === "off" ? 0 : wait_for_users,
    }
  },
  verify: ({ config }, { before }) => ({
    questions: questions(config),
    warmUp: before === "warm" ? "no" : { times: config.release.start.warm_up, paths: paths(config) },
  }),
  switch: ({ version }, { table }) => {
    if (table.is === "unknown") return toBeAsked(table)
    return { from: otherThan(version?.name, table.value?.current), generation: (table.value?.generation ?? 0) + 1 }
  },
  bake: ({ config, version }, { table }) => {
    if (table.is === "unknown") return toBeAsked(table)
    return { against: otherThan(version?.name, table.value?.current), forMs: config.release.bake.for }
  },
  retire: ({ config, version }, { table }) => {
    if (table.is === "unknown") return toBeAsked(table)
    const { notice, rollback_window } = config.release
    return { old: otherThan(version?.name, table.value?.current), noticeMs: notice, warmMs: rollback_window }
  },
  contract: ({ change }) => ({ change: change ?? "" }),
  abort: ({ change }) => ({ change: change ?? "" }),
  repack: ({ change }) => ({ change: change ?? "" }),
}

const toBeAsked = ({ because }: { because: string }): ToBeAsked => ({ is: "to-be-asked", because })

function those(statuses: Known<readonly ChangeStatus[]>, which: (status: ChangeStatus) => boolean): PlannedChanges {
  if (statuses.is === "unknown") return toBeAsked(statuses)
  return { is: "known", changes: statuses.value.filter(which).map(({ change }) => change) }
}

/** A silent shard is expanded too, unless it is known to be ready: the engine waits for it, and names it. */
export const isUnexpanded = ({ readiness, shards }: ChangeStatus): boolean =>
  readiness !== "ready" && shards.some(({ phase }) => phase === "absent" || phase === "expanding" || phase === "unknown")

export const isUnready = ({ readiness }: ChangeStatus): boolean => readiness !== "ready"

const otherThan = (own: string | undefined, current: string | undefined) => (current === own ? undefined : current)

const questions = (config: Config) =>
  Object.fromEntries(Object.keys(config.services).map((service) => [service, checkInWords(healthOf(config, service))]))

const paths = ({ services }: Config) =>
  Object.fromEntries(Object.entries(services).flatMap(([service, { warm_up }]) => (warm_up.length === 0 ? [] : [[service, warm_up]])))

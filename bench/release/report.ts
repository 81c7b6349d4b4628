// npm run bench -- release: what the conveyor itself costs a release, a rollback and a switch, what the control plane costs
// at rest, and what every command costs with a long past.
import type { RunReport } from "../../packages/conveyor/src/server/protocol/runs.ts"
import type { BenchContext, BenchReport, Row } from "../report.ts"
import { Probe } from "./probe.ts"
import type { Seen } from "./probe.ts"
import { costOf } from "./process.ts"
import type { Cost } from "./process.ts"
import { Shop } from "./shop.ts"

const releases = 5
const rollbacks = 10
const restMs = 20_000
const past = 10_000
const timesEach = 5
/** Around the moment of the switch, on either side. */
const aroundMs = 250

export async function reportRelease({ log, signal }: BenchContext): Promise<BenchReport> {
  const shop = await Shop.open()
  try {
    const probe = new Probe(shop.edge, 2)
    log(`${releases} releases of nothing new`)
    const overheads: number[] = []
    const switches: number[] = []
    for (let i = 0; i < releases; i++) {
      await shop.installation.push(`Nothing new, ${i + 1}`)
      const run = await newest(shop)
      overheads.push(overheadOf(run))
      switches.push(endOf(run, "switch"))
    }
    log(`${rollbacks} rollbacks to warm copies`)
    const backs: number[] = []
    for (let i = 0; i < rollbacks; i++) {
      signal.throwIfAborted()
      await shop.installation.must("rollback")
      const run = await newest(shop)
      backs.push(endOf(run, "switch") - run.requestedAt)
      switches.push(endOf(run, "switch"))
    }
    const seen = await probe.stop()
    log("the control plane at rest")
    const young = await costOf(await shop.controlPid(), restMs, signal)
    log(`a past of ${past.toLocaleString("en")} releases`)
    await shop.addPast(past)
    const old = await costOf(await shop.controlPid(), restMs, signal)
    const commands = await timeCommands(shop)
    const failed = seen.filter(({ isOk }) => !isOk).length
    const figures = { overheads, backs, switch: compare(seen, switches), young, old, commands, asked: seen.length, failed }
    return { rows: rowsOf(figures), figures }
  } finally {
    await shop.close()
  }
}

async function newest({ installation }: Shop): Promise<RunReport> {
  await installation.ended()
  const run = (await installation.status()).runs.at(-1)
  if (run === undefined || run.state !== "promoted") throw new Error(`the run ended as ${run?.state ?? "none"}: ${run?.reason ?? ""}`)
  return run
}

const msOf = ({ steps }: RunReport, ...names: string[]) =>
  steps.filter(({ name }) => names.includes(name)).reduce((sum, { ms }) => sum + (ms ?? 0), 0)

/** From the request to the end, without the commit's own work and the times that were asked for. */
const overheadOf = (run: RunReport) => (run.endedAt ?? 0) - run.requestedAt - msOf(run, "build", "test", "bake", "retire")

function endOf({ steps }: RunReport, name: string): number {
  const step = steps.find((each) => each.name === name)
  return (step?.startedAt ?? Number.NaN) + (step?.ms ?? Number.NaN)
}

interface SwitchCost {
  aroundMs: number
  elsewhereMs: number
}

/** The slowest of the requests around each switch, its median over all, against the same over as long stretches elsewhere. */
function compare(seen: readonly Seen[], switches: readonly number[]): SwitchCost {
  const slowest = (from: number, to: number) => Math.max(...seen.filter(({ at }) => at >= from && at <= to).map(({ ms }) => ms))
  const around = switches.map((at) => slowest(at - aroundMs, at + aroundMs))
  const elsewhere = switches.map((at) => slowest(at - 5 * aroundMs, at - 3 * aroundMs)).filter(Number.isFinite)
  return { aroundMs: median(around.filter(Number.isFinite)), elsewhereMs: median(elsewhere) }
}

const asked = [["status"], ["history"], ["show", "10"], ["plan", "main"], ["change", "status"], ["logs", "-n", "1"], ["--version"]]

async function timeCommands({ installation }: Shop): Promise<Record<string, number>> {
  const times: Record<string, number> = {}
  for (const argv of asked) {
    const each: number[] = []
    for (let i = 0; i < timesEach; i++) {
      const began = performance.now()
      const { code, error } = await installation.run(...argv)
      if (code !== 0) throw new Error(`conveyor ${argv.join(" ")} ended with ${code}: ${error}`)
      each.push(performance.now() - began)
    }
    times[argv.join(" ")] = median(each)
  }
  return times
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

function rowsOf(figures: {
  overheads: number[]
  backs: number[]
  switch: SwitchCost
  young: Cost
  old: Cost
  commands: Record<string, number>
  asked: number
  failed: number
}): Row[] {
  const { overheads, backs, young, old, commands } = figures
  const slowestCommand = Object.entries(commands).toSorted(([, a], [, b]) => b - a)[0] ?? ["none", Number.NaN]
  const ms = (n: number) => `${Math.round(n)} ms`
  const cost = ({ rssMb, cpuPercent }: Cost) => `${Math.round(rssMb)} MB, ${cpuPercent.toFixed(1)}%`
  return [
    {
      what: "a release of nothing new",
      value: ms(median(overheads)),
      how: `median of ${overheads.length}, without build, test, bake and retire; 2 services of 2 copies`,
    },
    {
      what: "a rollback to warm copies",
      value: ms(median(backs)),
      how: `median of ${backs.length}, from the request to the switch's acknowledgement; the slowest ${ms(Math.max(...backs))}`,
    },
    {
      what: "the slowest request around a switch",
      value: ms(figures.switch.aroundMs),
      how: `median over ${overheads.length + backs.length} switches, ${aroundMs} ms on either side; ${ms(figures.switch.elsewhereMs)} elsewhere; ${figures.failed} failed of ${figures.asked}`,
    },
    { what: "the control plane at rest", value: cost(young), how: "resident memory, share of a core over 20 s" },
    { what: `the same with ${past.toLocaleString("en")} releases`, value: cost(old), how: "a past written into state.db" },
    {
      what: "the slowest command then",
      value: ms(slowestCommand[1]),
      how: `conveyor ${slowestCommand[0]}; the median of ${timesEach} each of ${Object.keys(commands).join(", ")}`,
    },
  ]
}

// The edge's bench: what it costs a request and a switch, against no proxy, the least that Node's own
// HTTP can do, and HAProxy. Called by main.ts.
import type { BenchContext, BenchReport, Row } from "../report.ts"
import { measureFlips, rate as flipRate } from "./flips.ts"
import type { FlipFigures } from "./flips.ts"
import { measurePace, rate } from "./pace.ts"
import type { PaceFigures } from "./pace.ts"
import { connections, measureSaturation, median, warmUp } from "./saturation.ts"
import type { SaturationFigures } from "./saturation.ts"
import type { Front } from "./stage.ts"
import { setStage } from "./stage.ts"
import type { Kind } from "./witness.ts"

export async function reportEdge(context: BenchContext): Promise<BenchReport> {
  const stage = await setStage(context.signal)
  try {
    if (!stage.fronts.some(({ name }) => name === "haproxy")) context.log("HAProxy is not installed: it is left out")
    await warmUp(stage.fronts, context)
    const saturation: SaturationFigures[] = []
    const pace: PaceFigures[] = []
    for (const kind of ["get", "post"] as const) {
      saturation.push(...(await measureSaturation(stage.fronts, kind, context)))
      pace.push(...(await measurePace(stage.fronts, kind, context)))
    }
    const flips = await measureFlips(stage, context)
    const kinds = (["get", "post"] as const).flatMap((kind) => [...saturationRows(saturation, kind), ...paceRows(pace, kind)])
    return { rows: [...kinds, ...flipRows(flips)], figures: { saturation, pace, flips } }
  } finally {
    await stage.close()
  }
}

function saturationRows(all: readonly SaturationFigures[], kind: Kind): Row[] {
  const { edge, others } = apart(all.filter((figure) => figure.kind === kind))
  const perSecond = ({ rounds }: SaturationFigures) => median(rounds.map((round) => round.perSecond))
  const throughput = others.map((other) => {
    const ratio = median(edge.rounds.map((round, n) => round.perSecond / (other.rounds[n]?.perSecond ?? Number.NaN)))
    return {
      what: `${kind} throughput, edge against ${other.front}`,
      value: `${ratio.toFixed(2)}x (about ${Math.round(perSecond(edge))} of ${Math.round(perSecond(other))} a second)`,
      how: `${connections} connections in a closed loop, median of ${edge.rounds.length} rounds in turn`,
    }
  })
  const proxies = [edge, ...others].flatMap(({ front, rounds }) => {
    const cpuUs = rounds.flatMap((round) => round.cpuUs ?? [])
    return cpuUs.length === 0 ? [] : [`${front} ${median(cpuUs).toFixed(0)} us`]
  })
  const cpu = {
    what: `${kind} CPU per request`,
    value: proxies.join(", "),
    how: "/proc/<pid>/stat of the proxy, median of the same rounds",
  }
  return proxies.length === 0 ? throughput : [...throughput, cpu]
}

function paceRows(all: readonly PaceFigures[], kind: Kind): Row[] {
  const figures = all.filter((figure) => figure.kind === kind)
  const direct = figures.find(({ front }) => front === "direct")
  if (direct === undefined) return []
  const added = (one: PaceFigures, part: "p50Ms" | "p99Ms") => `${part.slice(0, 3)} ${signed(one[part] - direct[part])} ms`
  return figures
    .filter(({ front }) => front !== "direct")
    .map((one) => ({
      what: `${kind} latency added by ${one.front}`,
      value: `${added(one, "p50Ms")}, ${added(one, "p99Ms")}`,
      how: `open loop at ${rate} a second; direct p50 ${direct.p50Ms} ms, p99 ${direct.p99Ms} ms`,
    }))
}

function flipRows({ flips, requests, maxMsWithFlip, maxMsWithout, acknowledgedMs }: FlipFigures): Row[] {
  const [withFlip, without] = [median(maxMsWithFlip), median(maxMsWithout)]
  const how = `${flips} flips in ${requests} requests at ${flipRate} a second, 0 failed; median over the seconds`
  const worst = `${Math.max(...maxMsWithFlip)} against ${Math.max(...maxMsWithout)} ms`
  const secondsOf = `the same run, ${maxMsWithFlip.length} seconds with and ${maxMsWithout.length} without`
  return [
    {
      what: "slowest request of a second, with a flip against without",
      value: `${(withFlip / without).toFixed(2)}x (${withFlip.toFixed(1)} of ${without.toFixed(1)} ms)`,
      how,
    },
    { what: "slowest of all, with a flip against without", value: worst, how: secondsOf },
    { what: "a flip until it is acknowledged", value: `${median(acknowledgedMs).toFixed(1)} ms`, how: "with fsync, median" },
  ]
}

function apart<F extends { front: Front["name"] }>(figures: readonly F[]): { edge: F; others: F[] } {
  const edge = figures.find(({ front }) => front === "edge")
  if (edge === undefined) throw new Error("the edge was not measured")
  return { edge, others: figures.filter(({ front }) => front !== "edge") }
}

const signed = (ms: number) => `${ms < 0 ? "" : "+"}${ms.toFixed(2)}`

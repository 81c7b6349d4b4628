// A believable run, made up from a seed, for the tests of the page: three versions, a bad one among them, a rollback and a contract.
import type { SecondSlice } from "@conveyor/witness/result"
import type { Mark, ReleaseReport, ReportData, StepReport } from "./report.ts"

const startedAt = Date.UTC(2026, 10, 21, 14, 2, 7)
const ratePerSecond = 228

export function sampleReport(): ReportData {
  const releases = sampleReleases()
  const timeline = sampleTimeline()
  const total = timeline.reduce((sum, { requests }) => sum + requests, 0)
  return {
    report: {
      ok: true,
      requests: {
        total,
        failed: 0,
        rescued: 37,
        byFailure: { refused: 0, reset: 0, timeout: 0, "server-error": 0 },
        p50Ms: 2.31,
        p99Ms: 14.8,
        maxMs: 61.2,
      },
      writes: { acknowledged: 13_204, found: 13_204 },
      releases,
      change: { rows: 213_204, rowsPerSecond: 6_120, heapGrowth: 1.34, indexGrowth: 1.21, checksum: { rows: 213_204, mismatches: 0 } },
      rollback: { switchMs: 84, writesOfNewVersion: 4_812, writesOfNewVersionSeenByOld: 4_812 },
      notices: { pagesTold: 62, pagesReloaded: 62 },
      contract: {
        refusedReason: "v1 is still warm for 22 s, and 3 pages of it are open",
        dropped: true,
        rollbackRefusedReason: "v1 needs payments.payment.method, which was dropped",
      },
    },
    timeline,
    marks: sampleMarks(),
    environment: { node: "24.21.0", postgres: "18.4", cpus: 2, rows: 200_000, ratePerSecond: 200, besideLoad: 0 },
  }
}

const at = (seconds: number) => startedAt + seconds * 1_000

function sampleReleases(): ReleaseReport[] {
  return [
    {
      kind: "release",
      version: "v2",
      commit: "9f31c0a7be52",
      outcome: "promoted",
      steps: walk(14, {
        build: 4_100,
        test: 3_600,
        expand: 620,
        backfill: 34_800,
        start: 1_900,
        verify: 240,
        switch: 71,
        bake: 12_000,
        retire: 15_400,
      }),
    },
    {
      kind: "release",
      version: "v3",
      commit: "c77d01e94410",
      outcome: "rolled-back",
      steps: [
        ...walk(92, { build: 3_900, test: 3_400, expand: 90, backfill: 40, start: 1_800, verify: 210, switch: 66 }),
        { name: "bake", startedAt: at(101.6), ms: 6_300, outcome: "failed" },
        { name: "switch", startedAt: at(107.9), ms: 58, outcome: "undone" },
        { name: "start", startedAt: at(108), ms: 700, outcome: "undone" },
      ],
    },
    {
      kind: "rollback",
      version: "v1",
      commit: "41ab9e0d2f13",
      outcome: "promoted",
      steps: walk(126, { start: 12, verify: 180, switch: 84 }),
    },
    {
      kind: "release",
      version: "v2",
      commit: "9f31c0a7be52",
      outcome: "promoted",
      steps: walk(146, { start: 10, verify: 170, switch: 62, bake: 8_000, retire: 15_300 }),
    },
    {
      kind: "contract",
      change: "0002-payment-methods",
      version: "v2",
      commit: "9f31c0a7be52",
      outcome: "promoted",
      steps: walk(192, { gate: 420, contract: 960 }),
    },
  ]
}

/** Steps one after the other, by name and duration. */
function walk(fromSeconds: number, durations: Readonly<Record<string, number>>): StepReport[] {
  let next = at(fromSeconds)
  return Object.entries(durations).map(([name, ms]) => {
    const step = { name, startedAt: next, ms, outcome: "done" }
    next += ms
    return step
  })
}

function sampleMarks(): Mark[] {
  return [
    { at: at(22.4), label: "backfill", detail: "v2: 213,204 rows on 4 shards", kind: "release" },
    { at: at(59.3), label: "v2 serves", detail: "generation 2 acknowledged", kind: "release" },
    { at: at(101.5), label: "v3 serves", detail: "generation 3 acknowledged", kind: "release" },
    { at: at(107.9), label: "v3 taken back", detail: "5xx 2.1% against 0.0%", kind: "fault" },
    { at: at(126.2), label: "rollback to v1", detail: "warm copies, 84 ms", kind: "rollback" },
    { at: at(146.2), label: "v2 again", detail: "generation 6 acknowledged", kind: "release" },
    { at: at(180), label: "contract refused", detail: "v1 is still warm for 22 s", kind: "contract" },
    { at: at(192.4), label: "contract", detail: "payments.payment.method dropped", kind: "contract" },
  ]
}

function sampleTimeline(): SecondSlice[] {
  const random = mulberry(42)
  const slices: SecondSlice[] = []
  for (let s = 0; s < 205; s += 1) {
    for (const [version, share] of Object.entries(sharesAt(s))) {
      const requests = Math.round(ratePerSecond * share * (0.93 + random() * 0.14))
      if (requests === 0) continue
      const busy = s > 22 && s < 57 ? 1.9 : 1
      const p50Ms = round((1.9 + random() * 0.7) * (busy > 1 ? 1.35 : 1))
      const p99Ms = round(p50Ms * (3.2 + random() * 3) * busy)
      slices.push({
        second: startedAt / 1_000 + s,
        version,
        requests,
        failed: 0,
        p50Ms,
        p99Ms,
        maxMs: round(p99Ms * (1.1 + random() * 0.8)),
      })
    }
  }
  return slices
}

/** Each version's share of traffic; after a switch, pages of the old one live on until they reload. */
function sharesAt(s: number): Record<string, number> {
  const fade = (since: number) => 0.16 * Math.max(0, 1 - (s - since) / 15)
  if (s < 59) return { v1: 1 }
  if (s < 101) return { v1: fade(59), v2: 1 - fade(59) }
  if (s < 108) return { v2: 0.16, v3: 0.84 }
  if (s < 126) return { v2: 1 - fade(108) * 0.3, v3: fade(108) * 0.3 }
  if (s < 146) return { v1: 1 - fade(126), v2: fade(126) }
  return { v1: fade(146), v2: 1 - fade(146) }
}

function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const round = (ms: number) => Math.round(ms * 100) / 100

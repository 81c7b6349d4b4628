import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { formatMs, judgePromises } from "./promises.ts"
import type { Report, ReportData } from "./report.ts"
import { sampleReport } from "./sample.ts"

const good = sampleReport()
const broken = (data: ReportData) => judgePromises(data).filter(({ held }) => !held)
const withReport = (change: Partial<Report>): ReportData => ({ ...good, report: { ...good.report, ...change } })

describe("promises", () => {
  test("all hold in a good run", () => assert.deepEqual(broken(good), []))

  test("on a machine that others keep busy a time is a figure and no promise; what was lost is still lost", () => {
    const busy = (rollback: Report["rollback"]): ReportData => ({
      ...withReport({ rollback }),
      environment: { ...good.environment, besideLoad: 4 },
    })
    assert.deepEqual(broken(busy({ switchMs: 3_000, writesOfNewVersion: 3, writesOfNewVersionSeenByOld: 3 })), [])
    assert.equal(broken(busy({ switchMs: 3_000, writesOfNewVersion: 3, writesOfNewVersionSeenByOld: 2 })).length, 1)
  })

  for (const [what, data, promise, figure] of [
    ["one failed request", withReport({ requests: { ...good.report.requests, failed: 1 } }), "No request fails", "1 failed of 46,902"],
    ["one lost write", withReport({ writes: { acknowledged: 10, found: 9 } }), "No acknowledged write is lost", "9 found of 10"],
    [
      "one mismatch",
      withReport({ change: { ...good.report.change, checksum: { rows: 7, mismatches: 1 } } }),
      "Old and new columns say the same",
      "1 mismatch in 7 rows",
    ],
    [
      "a slow rollback",
      withReport({ rollback: { switchMs: 1_000, writesOfNewVersion: 3, writesOfNewVersionSeenByOld: 3 } }),
      "A rollback switches within a second and keeps the new version's writes",
      "1 s, 3 of 3 writes",
    ],
    [
      "a write that the old version does not see",
      withReport({ rollback: { switchMs: 80, writesOfNewVersion: 4, writesOfNewVersionSeenByOld: 3 } }),
      "A rollback switches within a second and keeps the new version's writes",
      "80 ms, 3 of 4 writes",
    ],
    [
      "a rollback past the contract",
      withReport({ contract: { ...good.report.contract, rollbackRefusedReason: null } }),
      "A rollback past the contract is refused",
      "not refused",
    ],
    [
      "a bad version that stays",
      withReport({ releases: good.report.releases.map((release) => ({ ...release, outcome: "promoted" })) }),
      "A bad version is taken back by itself",
      "none was taken back",
    ],
    [
      "a page that stayed behind",
      withReport({ notices: { pagesTold: 5, pagesReloaded: 4 } }),
      "Every page that was told to reload came back on the current version",
      "4 of 5 pages",
    ],
    [
      "a contract that nothing held back",
      withReport({ contract: { ...good.report.contract, refusedReason: null } }),
      "The old column goes only when nothing needs it",
      "not refused, then dropped",
    ],
  ] as const) {
    test(`${what} breaks exactly the one promise, with its figure`, () => {
      assert.deepEqual(
        broken(data).map((line) => [line.promise, line.figure]),
        [[promise, figure]],
      )
    })
  }

  test("none holds where nothing was measured", () => {
    const nothing = withReport({
      requests: { ...good.report.requests, total: 0 },
      writes: { acknowledged: 0, found: 0 },
      releases: [],
      change: { ...good.report.change, checksum: { rows: 0, mismatches: 0 } },
      rollback: { switchMs: Infinity, writesOfNewVersion: 0, writesOfNewVersionSeenByOld: 0 },
      notices: { pagesTold: 0, pagesReloaded: 0 },
      contract: { refusedReason: null, dropped: false, rollbackRefusedReason: null },
    })
    assert.deepEqual(
      judgePromises({ ...nothing, timeline: [] }).filter(({ held }) => held),
      [],
    )
  })

  test("durations read as a person says them", () => {
    assert.deepEqual([0, 0.424, 38.2, 1_500, 59_960, 90_000, 120_000].map(formatMs), [
      "0 ms",
      "0.42 ms",
      "38 ms",
      "1.5 s",
      "60 s",
      "1 m 30 s",
      "2 m",
    ])
  })
})

/** The slowest request of the first switch's second takes 500 ms longer than the slowest of the ten seconds before. */

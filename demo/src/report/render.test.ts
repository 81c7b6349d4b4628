import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { chartData } from "./chart-data.ts"
import { judgePromises } from "./promises.ts"
import { renderReport } from "./render.ts"
import { sampleReport } from "./sample.ts"

describe("the report page", () => {
  test("holds everything it needs and may load nothing", () => {
    const page = renderReport(sampleReport())
    assert.match(page, /Content-Security-Policy" content="default-src &#39;none&#39;/)
    assert.doesNotMatch(page, /<link|<img|<iframe|\ssrc\s*=|href\s*=|@import|url\(|\bfetch\(|XMLHttpRequest|import\(/)
  })

  test("says of every promise whether it held, with its figure and how it was got", () => {
    const data = sampleReport()
    const page = renderReport({ ...data, report: { ...data.report, ok: false, writes: { acknowledged: 10, found: 9 } } })
    assert.match(page, /1 of 8 promises was broken/)
    for (const { promise, figure } of judgePromises(data)) {
      assert.ok(page.includes(promise.replaceAll("'", "&#39;")), promise)
      if (!promise.includes("write is lost")) assert.ok(page.includes(figure), figure)
    }
    assert.match(
      page,
      /<li class="broken"><b>broken<\/b><span>No acknowledged write is lost<\/span><span class="figure" tabindex="0" data-how="[^"]{20,}">9 found of 10</,
    )
  })

  test("does not say that all is well where the run says that it failed", () => {
    const data = sampleReport()
    assert.match(
      renderReport({ ...data, report: { ...data.report, ok: false } }),
      /<h1>The run failed, though no promise below was broken<\/h1>/,
    )
  })

  test("names what failed, alike failures together", () => {
    const data = sampleReport()
    const failure = {
      at: data.marks[0]?.at ?? 0,
      kind: "reset" as const,
      request: "POST /api/v1/payments",
      version: "v2",
      detail: "ECONNRESET",
    }
    const requests = { ...data.report.requests, failed: 3, byFailure: { reset: 3, timeout: 0 } }
    const page = renderReport({ ...data, report: { ...data.report, ok: false, requests }, failures: [failure, failure, failure] })
    assert.match(page, /<b>3<\/b> reset/)
    assert.equal(page.match(/<code>POST \/api\/v1\/payments<\/code>/g)?.length, 1)
    assert.doesNotMatch(page, /<\/b> timeout/)
  })

  test("is not broken by hostile words", () => {
    const hostile = `</script><img src=x onerror=alert(1)>"'&<!--`
    const data = sampleReport()
    const page = renderReport({
      ...data,
      report: {
        ...data.report,
        releases: [
          {
            kind: "contract",
            change: hostile,
            version: hostile,
            commit: hostile,
            outcome: hostile,
            steps: [{ name: hostile, startedAt: data.marks[0]?.at ?? 0, ms: 5, outcome: hostile }],
          },
        ],
        contract: { refusedReason: hostile, dropped: true, rollbackRefusedReason: hostile },
        requests: { ...data.report.requests, failed: 1, byFailure: { [hostile]: 1 } },
      },
      timeline: data.timeline.map((slice) => ({ ...slice, version: hostile })),
      marks: [{ at: data.marks[0]?.at ?? 0, label: hostile, detail: hostile, kind: "fault" }],
      environment: { ...data.environment, node: hostile, postgres: hostile },
      failures: [{ at: 0, kind: "reset", request: hostile, version: hostile, detail: hostile }],
    })
    assert.doesNotMatch(page, /<img/)
    assert.equal(page.match(/<\/script>/g)?.length, 3)
    const [, json = ""] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page) ?? []
    assert.equal((JSON.parse(json) as { versions: { name: string }[] }).versions[0]?.name, hostile)
  })

  test("draws nothing rather than falling over where nothing was measured", () => {
    const data = sampleReport()
    const page = renderReport({ ...data, report: { ...data.report, ok: false, releases: [] }, timeline: [], marks: [] })
    assert.match(page, /not measured/)
  })
})

describe("the charts' columns", () => {
  test("have a value for each second and version, and a gap where a version answered nothing", () => {
    const data = sampleReport()
    const { seconds, versions, failed } = chartData(data)
    assert.deepEqual(
      versions.map(({ name }) => name),
      ["v1", "v2", "v3"],
    )
    for (const { requests, p50, p99 } of versions) {
      assert.deepEqual([requests.length, p50.length, p99.length], [seconds.length, seconds.length, seconds.length])
    }
    const [, v2] = versions
    assert.deepEqual([v2?.p50[10], v2?.requests[10]], [null, 0])
    assert.equal(
      versions.flatMap(({ requests }) => requests).reduce((a, b) => a + b, 0),
      data.report.requests.total,
    )
    assert.equal(failed.length, seconds.length)
  })

  test("begin with whatever came first, traffic or a step", () => {
    const data = sampleReport()
    const startedAt = (data.timeline[0]?.second ?? 0) * 1_000 - 5_000
    const early = {
      version: "v1",
      commit: "abc",
      outcome: "promoted",
      steps: [{ name: "build", startedAt, ms: 100, outcome: "succeeded" }],
    }
    const { from, versions } = chartData({ ...data, report: { ...data.report, releases: [{ kind: "release", ...early }] } })
    assert.equal(from, startedAt)
    assert.equal(versions[0]?.p50[4], null)
    assert.notEqual(versions[0]?.p50[5], null)
  })
})

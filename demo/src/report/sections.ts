// The parts of the page, each from the data it shows. Called by render.ts, in reading order.
import type { FailureSample } from "@conveyor/witness/result"
import type { ChartData } from "./chart-data.ts"
import { html } from "./html.ts"
import type { Html } from "./html.ts"
import { count, formatMs, judgePromises } from "./promises.ts"
import type { Promised } from "./promises.ts"
import type { ReleaseReport, ReportData, StepReport } from "./report.ts"
import { secondsBefore, switchAddsMs } from "./switch-cost.ts"

export function verdict(data: ReportData, { from, to }: ChartData): Html {
  const { requests } = data.report
  return html`<header class="verdict ${data.report.ok ? "held" : "broken"}">
    <h1>${headline(data)}</h1>
    <p>
      ${figure(count(requests.total), "All requests of the witness: single ones, those of pages, and each opening of a stream.")} requests
      in ${figure(formatMs(to - from), "From the first second of traffic or step of a release to the last.")},
      ${figure(count(requests.failed), "Requests that failed in any of the ways a user could notice.")} failed,
      ${figure(count(requests.rescued), "A bad version's 5xx answers to safe requests that the edge asked again of the good version: the user saw the good answer.")}
      rescued. Latency ${figure(formatMs(requests.p50Ms), latencyHow("Half of all requests were faster."))} at the median,
      ${figure(formatMs(requests.p99Ms), latencyHow("99 of 100 requests were faster."))} at the 99th percentile,
      ${figure(formatMs(requests.maxMs), latencyHow("The slowest of all."))} at worst.
    </p>
  </header>`
}

function headline(data: ReportData): string {
  const promises = judgePromises(data)
  const broken = promises.filter(({ held }) => !held).length
  if (broken > 0) return `${broken} of ${promises.length} promises ${broken === 1 ? "was" : "were"} broken`
  return data.report.ok ? "Every promise held" : "The run failed, though no promise below was broken"
}

export function promises(data: ReportData): Html {
  return html`<section aria-labelledby="promises">
    <h2 id="promises">Promises</h2>
    <ul class="promises">
      ${judgePromises(data).map(promiseLine)}
    </ul>
  </section>`
}

const promiseLine = ({ promise, held, figure: text, how }: Promised) =>
  html`<li class="${held ? "held" : "broken"}"><b>${held ? "held" : "broken"}</b><span>${promise}</span>${figure(text, how)}</li>`

export function charts({ report }: ReportData, data: ChartData): Html {
  const { versions, marks, failed } = data
  const failures = failed.reduce((sum, n) => sum + n, 0)
  return html`<section class="charts" aria-labelledby="traffic">
    <h2 id="traffic">What users saw</h2>
    <ul class="key">
      ${versions.map(({ name }, n) => html`<li><i style="--of:var(--version-${n % paletteSize})"></i>${name}</li>`)}
    </ul>
    <div class="lanes" role="img" aria-label="Steps of each release over time">
      ${report.releases.map((release) => lane(release, data))}
    </div>
    <h3>Share of traffic</h3>
    <div class="chart" id="share"></div>
    <h3>Latency from the moment a request was due <small>99th percentile solid, median dashed, logarithmic</small></h3>
    <div class="chart" id="latency"></div>
    <h3>
      Failed requests a second <small>${failures === 0 ? `none in ${count(failed.length)} seconds` : `${count(failures)} in all`}</small>
    </h3>
    <div class="chart" id="failures"></div>
    <ol class="marks">
      ${marks.map(({ at, label, detail, kind }) => html`<li class="${kind}"><time>${clock(at)}</time><b>${label}</b> ${detail}</li>`)}
    </ol>
  </section>`
}

/** One release's steps as bars on the same time axis as the charts below. */
function lane(release: ReleaseReport, { from, to, versions }: ChartData): Html {
  const { version, steps } = release
  const percent = (ms: number) => ((ms / (to - from)) * 100).toFixed(3)
  const first = steps[0]
  if (first === undefined) return html``
  const color = versions.findIndex(({ name }) => name === version)
  const bars = steps.map(
    ({ name, startedAt, ms, outcome }) =>
      html`<i
        class="${outcome}"
        style="left:${percent(startedAt - from)}%;width:${percent(ms)}%"
        tabindex="0"
        data-how="${titleOf(release)}, ${name}: ${formatMs(ms)}, ${outcome}, at ${clock((startedAt - from) / 1_000)}"
      ></i>`,
  )
  return html`<div class="lane" style="--of:var(--version-${Math.max(0, color) % paletteSize})">
    <span style="left:${percent(first.startedAt - from)}%">${laneLabel(release)}</span>${bars}
  </div>`
}

export function releases({ report }: ReportData, { from }: ChartData): Html {
  return html`<section aria-labelledby="releases">
    <h2 id="releases">Releases</h2>
    <div class="releases">${report.releases.map((release) => releaseTable(release, from))}</div>
  </section>`
}

function releaseTable(release: ReleaseReport, from: number): Html {
  const { commit, outcome, steps } = release
  const startedAt = steps[0]?.startedAt ?? from
  const spanMs = Math.max(1, ...steps.map((step) => step.startedAt + step.ms - startedAt))
  const row = (step: StepReport) =>
    html`<tr class="${step.outcome}">
      <th scope="row">${step.name}</th>
      <td class="bar"><i style="left:${share(step.startedAt - startedAt, spanMs)}%;width:${share(step.ms, spanMs)}%"></i></td>
      <td class="n">
        ${figure(formatMs(step.ms), `From the journal: ${step.name} ${step.outcome}, started ${clock((step.startedAt - from) / 1_000)} into the run.`)}
      </td>
      <td>${step.outcome}</td>
    </tr>`
  return html`<table class="release">
    <caption>
      <b>${titleOf(release)}</b>
      <code>${commit.slice(0, 7)}</code>
      <span class="outcome ${outcome}">${outcome}</span>
      <small>at ${clock((startedAt - from) / 1_000)}, took ${formatMs(spanMs)}</small>
    </caption>
    <thead>
      <tr>
        <th scope="col">Step</th>
        <th scope="col">When</th>
        <th scope="col">Took</th>
        <th scope="col">Outcome</th>
      </tr>
    </thead>
    <tbody>
      ${steps.map(row)}
    </tbody>
  </table>`
}

export function facts(data: ReportData): Html {
  const { change, rollback, notices, contract, writes } = data.report
  const addedMs = switchAddsMs(data)
  const growth = "Size of the table after the change divided by the size before it, summed over the shards;"
  return html`<section aria-labelledby="facts">
    <h2 id="facts">The change, and the way back</h2>
    <div class="facts">
      ${factBlock("Change", [
        ["Rows moved", figure(count(change.rows), "Rows that the backfill filled, on all shards.")],
        [
          "Speed",
          figure(`${count(change.rowsPerSecond)} rows/s`, "Rows moved divided by the time of the backfill step, throttle pauses included."),
        ],
        ["Table grew", figure(`× ${change.heapGrowth.toFixed(2)}`, `${growth} the rows alone.`)],
        ["Indexes grew", figure(`× ${change.indexGrowth.toFixed(2)}`, `${growth} all its indexes.`)],
        [
          "Compared",
          figure(`${count(change.checksum.rows)} rows`, "Rows whose new values were derived again from the old ones and compared."),
        ],
        ["Mismatches", figure(count(change.checksum.mismatches), "Rows in which old and new disagreed.")],
      ])}
      ${factBlock("Writes", [
        ["Acknowledged", figure(count(writes.acknowledged), "Writes that a client was told had been kept.")],
        ["Found", figure(count(writes.found), "Of these, found in the databases after the run.")],
      ])}
      ${factBlock("Switches", [
        [
          "Added at worst",
          figure(
            addedMs === undefined ? "not measured" : formatMs(addedMs),
            `The slowest request of the seconds in which a switch ran, less the slowest of the ${secondsBefore} seconds before; the worst of all switches. What else the machine did is in it.`,
          ),
        ],
      ])}
      ${factBlock("Rollback", [
        [
          "Switch took",
          figure(formatMs(rollback.switchMs), "From the request to the moment when every edge had acknowledged the old version."),
        ],
        ["Writes of the new version", figure(count(rollback.writesOfNewVersion), "Acknowledged by the new version while it served.")],
        [
          "Seen by the old",
          figure(count(rollback.writesOfNewVersionSeenByOld), "Of these, read through the old version after the rollback."),
        ],
      ])}
      ${factBlock("Notices", [
        ["Pages told", figure(count(notices.pagesTold), "Pages of an old version that got the notice to reload.")],
        ["Pages reloaded", figure(count(notices.pagesReloaded), "Of these, came back on the current version by themselves.")],
      ])}
      ${factBlock("Contract", [
        ["First refused", said(contract.refusedReason ?? "no")],
        ["Old column", html`${contract.dropped ? "dropped" : "still there"}`],
        ["Rollback past it", said(contract.rollbackRefusedReason ?? "not refused")],
      ])}
    </div>
  </section>`
}

const factBlock = (title: string, pairs: readonly (readonly [string, Html])[]) =>
  html`<div>
    <h3>${title}</h3>
    <dl>
      ${pairs.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </div>`

/** Words of some length, which stand under their name. */
const said = (text: string) => html`<span class="said">${text}</span>`

export function failures({ report: { requests }, failures: samples = [] }: ReportData, { from }: ChartData): Html {
  if (requests.failed === 0) return html``
  const kinds = Object.entries(requests.byFailure).filter(([, n]) => n > 0)
  return html`<section aria-labelledby="failed">
    <h2 id="failed">What failed</h2>
    <ul class="kinds">
      ${kinds.map(([kind, n]) => html`<li><b>${count(n)}</b> ${kind}</li>`)}
    </ul>
    ${samples.length === 0 ? html`` : sampleTable(samples, from)}
  </section>`
}

/** Like failures share a row: a break shows as what it was, not as a hundred lines. */
function sampleTable(samples: readonly FailureSample[], from: number): Html {
  const like = Map.groupBy(samples, ({ kind, version, request, detail }) => JSON.stringify([kind, version, request, detail]))
  const row = ([first, ...more]: FailureSample[]) => {
    if (first === undefined) return html``
    const { at, kind, version, request, detail } = first
    return html`<tr>
      <td class="n">${clock((at - from) / 1_000)}</td>
      <td class="n">${more.length + 1}</td>
      <td>${kind}</td>
      <td>${version}</td>
      <td><code>${request}</code></td>
      <td>${detail}</td>
    </tr>`
  }
  return html`<div class="wide">
    <table class="samples">
      <caption>
        The first ${count(samples.length)}, alike ones together
      </caption>
      <thead>
        <tr>
          <th scope="col" class="n">First at</th>
          <th scope="col" class="n">Times</th>
          <th scope="col">Kind</th>
          <th scope="col">Version</th>
          <th scope="col">Request</th>
          <th scope="col">Detail</th>
        </tr>
      </thead>
      <tbody>
        ${[...like.values()].map(row)}
      </tbody>
    </table>
  </div>`
}

export function footer({ environment: { node, postgres, cpus, rows, ratePerSecond } }: ReportData, { from }: ChartData): Html {
  return html`<footer>
    ${new Date(from).toISOString().slice(0, 16).replace("T", " ")} UTC · Node ${node} · PostgreSQL ${postgres} · ${cpus} CPUs ·
    ${count(rows)} rows · ${count(ratePerSecond)} single requests a second. Times count from the start of the run. Each underlined number
    says how it was got: point at it, or tap it.
  </footer>`
}

const paletteSize = 6

const titleOf = ({ kind, version, change }: ReleaseReport) =>
  ({ release: version, rollback: `Rollback to ${version}`, contract: `Contract of ${change ?? version}` })[kind]
const laneLabel = ({ kind, version }: ReleaseReport) => ({ release: version, rollback: `back to ${version}`, contract: "contract" })[kind]
const figure = (text: string, how: string) => html`<span class="figure" tabindex="0" data-how="${how}">${text}</span>`
const latencyHow = (what: string) => `${what} Counted from the moment each request was due, so that a stall is not hidden by sending less.`
const share = (part: number, whole: number) => ((part / whole) * 100).toFixed(2)

/** Seconds as "m:ss". */
function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`
}

// The promises of a release, each held against what was measured. Pure: the page shows it, and the demo's exit code may ask it too.
// A promise without evidence is broken: nothing measured is nothing proven.
import type { ReportData } from "./report.ts"

export interface Promised {
  promise: string
  held: boolean
  figure: string
  /** How the figure was got. */
  how: string
}

const rollbackWithinMs = 1_000

export function judgePromises(data: ReportData): Promised[] {
  return [
    noRequestLost(data),
    noWriteLost(data),
    oldEqualsNew(data),
    badVersionGoesBack(data),
    rollbackIsWarm(data),
    pagesCameAlong(data),
    contractIsGated(data),
    contractIsFinal(data),
  ]
}

function noRequestLost({ report: { requests } }: ReportData): Promised {
  return {
    promise: "No request fails",
    held: requests.total > 0 && requests.failed === 0,
    figure: `${count(requests.failed)} failed of ${count(requests.total)}`,
    how: "Every request of the witness, sent on schedule whatever became of the ones before; refused, reset, timed out, 5xx, truncated, of a wrong version or unexpected all count as failed.",
  }
}

function noWriteLost({ report: { writes } }: ReportData): Promised {
  return {
    promise: "No acknowledged write is lost",
    held: writes.acknowledged > 0 && writes.found === writes.acknowledged,
    figure: `${count(writes.found)} found of ${count(writes.acknowledged)}`,
    how: "The witness wrote down every write that was answered with success; after the run each was looked up in the databases.",
  }
}

function oldEqualsNew({ report: { change } }: ReportData): Promised {
  const { rows, mismatches } = change.checksum
  return {
    promise: "Old and new columns say the same",
    held: rows > 0 && mismatches === 0,
    figure: `${count(mismatches)} ${mismatches === 1 ? "mismatch" : "mismatches"} in ${count(rows)} rows`,
    how: "After the backfill every row's new values were derived again from the old ones and compared by checksum, on every shard.",
  }
}

function badVersionGoesBack({ report: { releases, requests } }: ReportData): Promised {
  const takenBack = releases.filter(({ kind, outcome }) => kind === "release" && outcome === "rolled-back")
  const versions = takenBack.map(({ version }) => version).join(", ")
  return {
    promise: "A bad version is taken back by itself",
    held: takenBack.length > 0,
    figure: takenBack.length === 0 ? "none was taken back" : `${versions} taken back, ${count(requests.rescued)} answers rescued`,
    how: "One release of the run fails in a way that only real traffic shows. Its bake compares it with the version before it, and switches back; until then the edge asks its 5xx answers to safe requests again of the good version.",
  }
}

function rollbackIsWarm({ report: { rollback }, environment: { besideLoad } }: ReportData): Promised {
  const { switchMs, writesOfNewVersion: written, writesOfNewVersionSeenByOld: seen } = rollback
  const isTimed = besideLoad === 0
  return {
    promise: isTimed
      ? "A rollback switches within a second and keeps the new version's writes"
      : "A rollback switches and keeps the new version's writes",
    held: switchMs > 0 && (!isTimed || switchMs < rollbackWithinMs) && written > 0 && seen === written,
    figure: `${formatMs(switchMs)}, ${count(seen)} of ${count(written)} writes`,
    how: "From the request for the rollback to the moment when every edge had acknowledged it; then the writes that only the new version had made were read through the old one.",
  }
}

function pagesCameAlong({ report: { notices } }: ReportData): Promised {
  return {
    promise: "Every page that was told to reload came back on the current version",
    held: notices.pagesTold > 0 && notices.pagesReloaded === notices.pagesTold,
    figure: `${count(notices.pagesReloaded)} of ${count(notices.pagesTold)} pages`,
    how: "Pages that got the notice, and those of them whose document then came from the current version before the deadline.",
  }
}

function contractIsGated({ report: { contract } }: ReportData): Promised {
  const refused = contract.refusedReason !== null
  return {
    promise: "The old column goes only when nothing needs it",
    held: refused && contract.dropped,
    figure: `${refused ? "refused first" : "not refused"}, ${contract.dropped ? "then dropped" : "not dropped"}`,
    how: "Contract was asked for while the old version was still warm, and again after its gate had opened.",
  }
}

function contractIsFinal({ report: { contract } }: ReportData): Promised {
  const refused = contract.rollbackRefusedReason !== null
  return {
    promise: "A rollback past the contract is refused",
    held: contract.dropped && refused,
    figure: refused ? "refused" : "not refused",
    how: "After the old column had gone, a rollback to the version that needs it was asked for.",
  }
}

export const count = (n: number): string =>
  Math.round(n)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, ",")

/** 0.42 -> "0.42 ms", 38.2 -> "38 ms", 1_500 -> "1.5 s", 90_000 -> "1 m 30 s". */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return "not measured"
  if (ms < 10) return `${Number(ms.toFixed(2))} ms`
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))} s`
  const seconds = Math.round(ms / 1_000)
  return seconds % 60 === 0 ? `${Math.floor(seconds / 60)} m` : `${Math.floor(seconds / 60)} m ${seconds % 60} s`
}

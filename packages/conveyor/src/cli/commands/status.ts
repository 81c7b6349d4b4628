// conveyor status: what serves, what runs, what is under way.
import type { Command } from "commander"
import { formatDuration } from "../../kernel/time/duration.ts"
import { controlPlaneOf } from "../../server/installation/state-directory.ts"
import type { StatusReport } from "../../server/protocol/reports.ts"
import type { VersionReport } from "../../server/protocol/versions.ts"
import { Client } from "../client.ts"
import { globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"
import { certificateLines, inTrouble } from "../render/certificate-lines.ts"
import { copyTroubles } from "../render/copy-troubles.ts"
import { runRows } from "../render/run-rows.ts"
import { bold, columns, cyan, dim, green, red, yellow } from "../render/paint.ts"

export function addStatus(program: Command): void {
  const command: Command = program
    .command("status")
    .description("What serves, what is kept warm, what is under way, and how the newest releases ended.")
    .action(async () => {
      const { state, json } = globalOptions(command)
      const status = await new Client(await controlPlaneOf(state)).ask("status")
      if (json) printJson(status)
      else for (const line of statusLines(status)) print(line)
    })
}

const versionStates: Readonly<Record<VersionReport["state"], (text: string) => string>> = {
  unknown: yellow,
  unbuilt: dim,
  starting: cyan,
  baking: cyan,
  "going-back": yellow,
  returning: cyan,
  current: green,
  fallback: cyan,
  serving: cyan,
  warm: yellow,
  stopping: dim,
  stopped: dim,
}

function* statusLines(status: StatusReport): Generator<string> {
  yield `${bold(status.name)} at ${status.edge}${status.generation === undefined ? dim("  nothing released yet") : dim(`  generation ${status.generation}`)}`
  const isOver = ({ state }: VersionReport) => state === "stopped" || state === "unbuilt"
  const shown = [...status.versions.filter((version) => !isOver(version)), ...status.versions.filter(isOver).slice(-3)]
  if (shown.length > 0) {
    yield ""
    yield* columns([
      ["version", "state", "copies", "pages", "in flight", "requests", "failed", "commit"].map(dim),
      ...shown.map((version) => [
        bold(version.name),
        versionStates[version.state](version.state) + until(version.warmUntil),
        copiesOf(version),
        String(version.pages),
        String(version.inFlight),
        version.requests.toLocaleString("en"),
        version.failed === 0 ? "0" : red(version.failed.toLocaleString("en")),
        `${dim(version.commit.slice(0, 8))} ${version.subject}`,
      ]),
    ])
  }
  for (const trouble of copyTroubles(shown, Date.now())) yield red(`  ${trouble}`)
  const troubled = certificateLines(inTrouble(status.certificates, Date.now()), Date.now())
  if (troubled.length > 0) yield* ["", "certificates", ...troubled]
  for (const doubt of status.unknown) yield yellow(`  ${doubt}`)
  if (status.runs.length > 0) {
    yield ""
    yield* runRows(status.runs)
  }
}

function until(warmUntil: number | undefined): string {
  return warmUntil === undefined ? "" : dim(` ${formatDuration(Math.max(0, warmUntil - Date.now()))}`)
}

function copiesOf({ copies }: VersionReport): string {
  const running = copies.filter((copy) => copy.state === "running").length
  return running === copies.length ? String(running) : red(`${running} of ${copies.length}`)
}

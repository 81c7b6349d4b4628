// conveyor change lint: what would lock, rewrite or break the version that runs, before anything is committed.
import type { Command } from "commander"
import type { Finding } from "../../../change/lint/finding.ts"
import { configFileName } from "../../../config/load-config.ts"
import { globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"
import { bold, cyan, green, red, yellow } from "../../render/paint.ts"
import { workingChanges } from "./working-changes.ts"

export function addLint(change: Command): void {
  const command: Command = change
    .command("lint")
    .summary("find what would lock, rewrite or break the running version")
    .description(
      "Reads the change files of the work tree with PostgreSQL's own parser. Each finding has its place, its reason and the safe way.\nErrors are refused by a release too. Needs no control plane.",
    )
    .option("--config <file>", "the conveyor.yml whose changes are meant", configFileName)
    .action(async (options: { config: string }) => {
      const { json } = globalOptions(command)
      const { lintChange } = await import("../../../change/lint/lint.ts")
      const { changes } = await workingChanges(options.config)
      const findings = (await Promise.all(changes.map(lintChange))).flat()
      if (json) printJson(findings)
      else for (const line of findingLines(findings, changes.length)) print(line)
      if (findings.some((finding) => finding.severity === "error")) process.exitCode = 1
    })
}

function* findingLines(findings: readonly Finding[], files: number): Generator<string> {
  for (const { file, line, column, severity, rule, message, safeWay } of findings) {
    const paint = severity === "error" ? red : yellow
    yield `${bold(`${file}:${line}:${column}`)} ${paint(severity)} ${message} ${paint(`[${rule}]`)}`
    yield `  ${cyan("→")} ${safeWay}`
  }
  if (findings.length === 0) yield `${green("✔")} ${files} change ${files === 1 ? "file" : "files"}, nothing dangerous`
}

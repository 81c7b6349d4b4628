// conveyor doctor: what would fail here, and the way out of it.
import { resolve } from "node:path"
import type { Command } from "commander"
import { configFileName } from "../../config/load-config.ts"
import { systemClock } from "../../kernel/time/clock.ts"
import type { Finding, Verdict } from "../doctor/finding.ts"
import { globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"
import { bold, cyan, dim, green, red, yellow } from "../render/paint.ts"

export function addDoctor(program: Command): void {
  const command: Command = program
    .command("doctor")
    .summary("say what would fail here, and the way out")
    .description(
      "Looks at Node, git, control groups, the state directory, the disk, the clock, conveyor.yml, its ports and shards, and the\ncontrol plane. Changes nothing. Ends with 0 where nothing would fail, 1 where something would, 3 where something could not be found out.",
    )
    .option("--config <file>", "the installation's conveyor.yml", configFileName)
    .action(async (options: { config: string }) => {
      const { state, json } = globalOptions(command)
      const [{ examine }, { exitOfFindings }] = await Promise.all([import("../doctor/doctor.ts"), import("../doctor/finding.ts")])
      const configFile = resolve(options.config)
      const findings = await examine({ state, configFile, variables: process.env, now: () => systemClock.now() })
      if (json) printJson({ findings })
      else for (const line of lines(findings)) print(line)
      process.exitCode = exitOfFindings(findings)
    })
}

const marks: Readonly<Record<Verdict, string>> = { fine: green("✔"), attention: yellow("!"), fails: red("✖"), unknown: yellow("?") }

function* lines(findings: readonly Finding[]): Generator<string> {
  const width = Math.max(...findings.map(({ what }) => what.length))
  for (const { what, verdict, says, next } of findings) {
    const [first = "", ...rest] = says.split("\n")
    yield `${marks[verdict]} ${bold(what.padEnd(width))}  ${first}`
    for (const line of rest) yield `  ${" ".repeat(width)}  ${line}`
    if (next !== undefined) yield `  ${" ".repeat(width)}  ${cyan("→")} ${next}`
  }
  const failing = findings.filter(({ verdict }) => verdict === "fails").length
  const open = findings.filter(({ verdict }) => verdict === "unknown").length
  yield failing + open === 0 ? green("nothing that was looked at would fail") : dim(`${failing} would fail, ${open} not known`)
}

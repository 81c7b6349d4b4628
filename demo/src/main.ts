// npm run demo: the first release under live traffic, end to end. Exits 0 only if every promise held.
import { mkdir, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import pc from "picocolors"
import { renderReport } from "./report/render.ts"
import { partsOf, roughly, secondsOf } from "./length.ts"
import { formatMs, judgePromises } from "./report/promises.ts"
import { reportData } from "./report-data.ts"
import { BrokenPromise, play } from "./scenario.ts"
import type { DemoOptions } from "./stage.ts"
import { Stage } from "./stage.ts"
import { Terminal } from "./terminal.ts"

const help = `npm run demo -- [options]

  --rows <n>     payments that are there before the change (200000)
  --rate <n>     requests a second (60)
  --pages <n>    browser-like pages open at a time (20)
  --shops <n>    shops in the directory (8500)
  --beside-load <n>
                 busy loops beside the users, each a core's work (0)
  --report <dir> where report.json and report.html go (demo-report)
  --keep         leave everything up at the end, with its traffic, until Ctrl-C
`

const stop = new AbortController()
process.exitCode = await main()

async function main(): Promise<number> {
  const asked = readOptions()
  if (asked === undefined) return 2
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)))
  // Whoever read along has gone (`| head`, a closed terminal): everything is taken down all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => stop.abort(new Error("nobody reads along")))
  const terminal = new Terminal()
  sayHowLong(asked.options, terminal)
  terminal.chapter("Starting the databases")
  let stage: Stage | undefined
  try {
    stage = await Stage.putUp(asked.options, terminal, stop.signal)
    const isOk = await playAndReport(stage)
    if (asked.atEnd === "keep") await keepUp(stage)
    return isOk ? 0 : 1
  } catch (thrown) {
    terminal.end()
    process.stderr.write(stop.signal.aborted ? "\nStopped; taking everything down.\n" : `\n${pc.red("✖")} ${reasonOf(thrown)}\n`)
    return 1
  } finally {
    terminal.doing("taking everything down")
    await stage?.takeDown()
    terminal.end()
  }
}

function sayHowLong(options: DemoOptions, terminal: Terminal): void {
  const parts = partsOf(options)
  terminal.line(`This takes about ${roughly(secondsOf(parts))} on two cores that do nothing else:`)
  for (const { what, seconds } of parts) terminal.line(pc.dim(`${what}: ${roughly(seconds)}`))
  if (options.besideLoad > 0)
    terminal.line(`with ${options.besideLoad} busy loops beside it, longer; times are figures then, and no promises`)
}

/** A broken promise speaks for itself; anything else is a fault, and its place is wanted. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof BrokenPromise) return thrown.message
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
}

async function playAndReport(stage: Stage): Promise<boolean> {
  const beganAt = Date.now()
  const data = reportData(await play(stage), stage)
  const { reportDirectory } = stage.options
  await mkdir(reportDirectory, { recursive: true })
  await writeFile(join(reportDirectory, "report.json"), `${JSON.stringify(data.report, undefined, 2)}\n`)
  await writeFile(join(reportDirectory, "report.html"), renderReport(data))

  stage.terminal.chapter(data.report.ok ? "Every promise held" : "A promise was broken")
  for (const { promise, held, figure } of judgePromises(data)) stage.terminal.found(held ? "good" : "bad", `${promise}: ${figure}`)
  stage.terminal.line(join(reportDirectory, "report.html"))
  if (!data.report.ok) {
    await stage.keepLogs(join(reportDirectory, "logs"))
    stage.terminal.line(`what everybody said is in ${join(reportDirectory, "logs")}`)
  }
  const tookSeconds = (Date.now() - beganAt) / 1_000
  stage.terminal.line(`it took ${formatMs(tookSeconds * 1_000)}, where ${roughly(secondsOf(partsOf(stage.options)))} were expected`)
  return data.report.ok
}

async function keepUp(stage: Stage): Promise<void> {
  const { terminal, conveyor, repository } = stage
  const { edge } = await conveyor.status()
  const { command } = await stage.handOver()
  stage.startWitness(edge)
  terminal.chapter("Everything stays up, with its traffic, until Ctrl-C. Try:")
  for (const [what, why] of [
    [`open ${edge}`, "the shop's register"],
    [`cd ${repository}`, "the carried repository: edit web/index.html, and then"],
    ['git commit -am "Mine" && git push conveyor main', "watch it go to the users, and open pages reload"],
    [`${command} status`, "what serves"],
    [`${command} rollback`, "back, within a second"],
    [`${command} --help`, "everything else"],
  ] as const) {
    terminal.line(`${what}   ${pc.dim(why)}`)
  }
  await new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve(), { once: true }))
}

function readOptions(): { options: DemoOptions; atEnd: "keep" | "take-down" } | undefined {
  try {
    const { values } = parseArgs({
      options: {
        rows: { type: "string", default: "200000" },
        rate: { type: "string", default: "60" },
        pages: { type: "string", default: "20" },
        shops: { type: "string", default: "8500" },
        "beside-load": { type: "string", default: "0" },
        report: { type: "string", default: "demo-report" },
        keep: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    })
    if (values.help) {
      process.stdout.write(help)
      return undefined
    }
    const count = (name: "rows" | "rate" | "pages" | "shops" | "beside-load", least = 1) => {
      const n = Number(values[name])
      if (!Number.isInteger(n) || n < least) throw new Error(`--${name} takes a whole number from ${least} on, not "${values[name]}"`)
      return n
    }
    const options = {
      rows: count("rows"),
      rate: count("rate"),
      pages: count("pages"),
      shops: count("shops"),
      besideLoad: count("beside-load", 0),
      reportDirectory: resolve(values.report),
    }
    return { options, atEnd: values.keep ? "keep" : "take-down" }
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${help}`)
    return undefined
  }
}

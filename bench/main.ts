// npm run bench: what things cost, as ratios got within one run, since the same machine is never the same twice.
// Prints a table and writes bench-report/<name>.json. Exit codes: 0 measured, 1 a bench failed, 2 there is no such bench.
import { mkdir, writeFile } from "node:fs/promises"
import { availableParallelism, loadavg } from "node:os"
import { describe } from "../packages/conveyor/src/kernel/errors/errors.ts"
import { reportChange } from "./change-report.ts"
import { reportEdge } from "./edge/report.ts"
import { reportFlorist } from "./florist/report.ts"
import { reportRelease } from "./release/report.ts"
import { asTable } from "./report.ts"
import type { Bench } from "./report.ts"

const benches: Readonly<Record<string, Bench>> = {
  edge: {
    measures: "what the edge costs a request and a switch, against no proxy, a bare one of Node's and HAProxy; 90 s",
    run: reportEdge,
  },
  change: {
    measures: "a backfill of a million rows beside an application, what sync triggers cost, 48 shards; several minutes",
    run: reportChange,
  },
  release: {
    measures: "what a release, a rollback and a switch cost by themselves, the control plane at rest, commands with 10,000 releases; 3 m",
    run: reportRelease,
  },
  florist: {
    measures:
      "the shops' traffic through the edge with 8,500 shops' data, what each service costs, whether lists stay flat; several minutes",
    run: reportFlorist,
  },
}

const name = process.argv[2]
const bench = name !== undefined && Object.hasOwn(benches, name) ? benches[name] : undefined
if (bench !== undefined && name !== undefined) await run(name, bench)
else offer(name)

async function run(chosen: string, { run: measure }: Bench): Promise<void> {
  const stop = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
  const beganAt = Date.now()
  const log = (line: string) => process.stderr.write(`${((Date.now() - beganAt) / 1_000).toFixed(1).padStart(6)} s  ${line}\n`)
  const machine = { cpus: availableParallelism(), loadBefore: loadavg()[0] ?? 0, node: process.version }
  if (machine.loadBefore > machine.cpus / 2)
    log(`a load of ${machine.loadBefore.toFixed(1)} on ${machine.cpus} processors already: expect noise`)
  try {
    const { rows, figures } = await measure({ log, signal: stop.signal })
    const file = await write(chosen, { measuredAt: new Date(beganAt).toISOString(), machine, rows, figures })
    process.stdout.write(`\n${asTable(rows)}\n\nwritten to ${file}\n`)
  } catch (thrown) {
    process.stderr.write(`bench ${chosen}: ${describe(stop.signal.aborted ? stop.signal.reason : thrown)}\n`)
    process.exitCode = 1
  }
}

async function write(chosen: string, report: unknown): Promise<string> {
  const file = `bench-report/${chosen}.json`
  await mkdir("bench-report", { recursive: true })
  await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`)
  return file
}

function offer(asked: string | undefined): void {
  const width = Math.max(...Object.keys(benches).map((known) => known.length))
  const list = Object.entries(benches).map(([known, { measures }]) => `  npm run bench -- ${known.padEnd(width)}  ${measures}`)
  if (asked === undefined) process.stdout.write(`${list.join("\n")}\n`)
  else process.stderr.write(`There is no bench "${asked}"; there are:\n${list.join("\n")}\n`)
  process.exitCode = asked === undefined ? 0 : 2
}

#!/usr/bin/env node
// The command line of the witness. Exit codes: 0 nothing failed, 1 something did, 2 it could not begin, 3 nothing failed and
// something is unknown.
import { Command, InvalidArgumentError, Option } from "commander"
import { BadScenario, loadScenario } from "./load-scenario.ts"
import type { ProgressLine, WitnessResult } from "./result.ts"
import type { WitnessOptions } from "./witness.ts"
import { runWitness } from "./witness.ts"

interface Flags {
  target: URL
  scenario: string
  rate: number
  pages: number
  seconds?: number
  out: string
  seed: number
  arrivals: "exact" | "poisson"
  timeout: number
  maxMs?: number
  json?: true
}

/** After a signal, requests under way get so long to end. */
const finishAfterSignalMs = 10_000

const command = new Command("witness")
  .description(
    "Load that proves what it saw: open-loop requests, page sessions and streams; every failure named, every acknowledged write recorded.",
  )
  .requiredOption("--target <url>", "where the service is, such as http://127.0.0.1:8080", readTarget)
  .requiredOption("--scenario <file>", "TypeScript module whose default export is a Scenario")
  .option("--rate <n>", "single requests a second", readCount, 200)
  .option("--pages <n>", "browser-like pages open at a time", readCount, 20)
  .option("--seconds <n>", "how long; until SIGINT or SIGTERM where it is left out", readPositive)
  .option("--out <dir>", "directory for result.json, progress.ndjson and acknowledged.ndjson", "witness-report")
  .option("--seed <n>", "the same seed makes the same traffic", readCount, 1)
  .addOption(new Option("--arrivals <pattern>", "how requests are spaced").choices(["exact", "poisson"]).default("poisson"))
  .option("--timeout <seconds>", "how long an answer may take", readPositive, 30)
  .option("--max-ms <n>", "a good answer that takes longer counts as too slow", readPositive)
  .option("--json", "print the result as JSON on standard output")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(witness)

await command.parseAsync()

async function witness(flags: Flags): Promise<void> {
  try {
    const scenario = await loadScenario(flags.scenario)
    const result = await runWitness(optionsOf(flags, scenario))
    process.stdout.write(flags.json ? `${JSON.stringify(result, undefined, 2)}\n` : summary(result, flags.out))
    process.exitCode = exitCodeFor(result)
  } catch (thrown) {
    process.stderr.write(`witness: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`)
    if (!(thrown instanceof BadScenario) && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`)
    process.exitCode = 2
  }
}

/** What nobody knows is no success. */
function exitCodeFor({ requests, writes }: WitnessResult): number {
  if (requests.failed > 0) return 1
  return requests.unproven > 0 || writes.unknown > 0 ? 3 : 0
}

function optionsOf(flags: Flags, scenario: WitnessOptions["scenario"]): WitnessOptions {
  const stop = new AbortController()
  process.once("SIGINT", () => stop.abort())
  process.once("SIGTERM", () => stop.abort())
  return {
    target: flags.target,
    scenario,
    ratePerSecond: flags.rate,
    pages: flags.pages,
    ...(flags.seconds === undefined ? {} : { seconds: flags.seconds }),
    outDirectory: flags.out,
    signal: stop.signal,
    seed: flags.seed,
    arrivals: flags.arrivals,
    timeoutMs: flags.timeout * 1_000,
    ...(flags.maxMs === undefined ? {} : { maxMs: flags.maxMs }),
    finishWithinMs: Math.min(finishAfterSignalMs, flags.timeout * 1_000),
    ...(flags.json ? {} : { onProgress: (line: ProgressLine) => process.stderr.write(progressText(line)) }),
  }
}

function progressText({ second, requests, failed, p50Ms, p99Ms, byVersion }: ProgressLine): string {
  const versions = Object.entries(byVersion).map(([version, n]) => `${version} ${n}/s`)
  return `${new Date(second * 1_000).toISOString().slice(11, 19)}  ${requests} requests  ${failed} failed  p50 ${p50Ms} ms  p99 ${p99Ms} ms  ${versions.join("  ")}\n`
}

function summary({ requests, acknowledged, writes, pages, streams }: WitnessResult, out: string): string {
  const kinds = Object.entries(requests.byFailure).filter(([, n]) => n > 0)
  const failures = kinds.length === 0 ? "" : ` (${kinds.map(([kind, n]) => `${n} ${kind}`).join(", ")})`
  return [
    `${requests.failed} failed of ${requests.total}${failures}; ${requests.rescued} rescued, ${requests.idleRetries} sent once more on a closing idle connection`,
    `latency p50 ${requests.p50Ms} ms, p99 ${requests.p99Ms} ms, max ${requests.maxMs} ms, from the moment each was due`,
    `${acknowledged} writes acknowledged: ${writes.found} found, ${writes.lost} lost, ${writes.unknown} unknown; ${requests.unproven} answers that nobody can tell whole`,
    `pages: ${pages.opened} opened, ${pages.told} told, ${pages.reloaded} reloaded`,
    `streams: ${streams.eventStreams} event streams, ${streams.webSockets} WebSockets, ${streams.closedWithReason} closed with a reason, ${streams.cut} cut`,
    `written to ${out}/result.json`,
    "",
  ].join("\n")
}

function readTarget(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) throw new InvalidArgumentError("It is not an http or https URL.")
  return url
}

function readCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It is not a whole number.")
  return Number(text)
}

function readPositive(text: string): number {
  const n = Number(text)
  if (!(n > 0 && Number.isFinite(n))) throw new InvalidArgumentError("It is not a number above 0.")
  return n
}

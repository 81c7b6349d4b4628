// Runs a scenario against a target and proves what it saw: result.json, progress.ndjson and acknowledged.ndjson.
// The library's door; `main.ts` is the command line on top of it.
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { ArrivalPattern } from "./arrivals.ts"
import { Chance } from "./chance.ts"
import { lookUpAll } from "./look-up.ts"
import { Page } from "./page.ts"
import { RecordFile } from "./record-file.ts"
import type { ProgressLine, WitnessResult } from "./result.ts"
import { pause } from "./run.ts"
import type { Run } from "./run.ts"
import { conveyorDialect } from "./scenario.ts"
import type { Acknowledgement, Scenario } from "./scenario.ts"
import { SingleRequests } from "./single-requests.ts"
import { followEventStream, followWebSocket } from "./stream-session.ts"
import { Tally } from "./tally.ts"

export interface WitnessOptions {
  target: URL
  scenario: Scenario
  /** Single requests; pages come on top, at the pace of their thinking. */
  ratePerSecond: number
  /** Pages open at a time. */
  pages: number
  /** Without it the run lasts until the signal aborts. */
  seconds?: number
  /** Made where it is missing; files of an earlier run in it are replaced. */
  outDirectory: string
  signal: AbortSignal
  seed?: number
  arrivals?: ArrivalPattern
  /** How long an answer may take; 30 s where it is left out. */
  timeoutMs?: number
  /** A good answer that takes longer counts as too slow; none does where it is left out. */
  maxMs?: number
  maxOutstanding?: number
  /** How long requests under way may go on after the end; as long as an answer may take where it is left out. */
  finishWithinMs?: number
  onProgress?: (line: ProgressLine) => void
}

const pagesPerStream = 20

export async function runWitness(options: WitnessOptions): Promise<WitnessResult> {
  const {
    target,
    scenario,
    ratePerSecond,
    outDirectory,
    seconds,
    signal,
    seed = 1,
    timeoutMs = 30_000,
    maxMs = Infinity,
    onProgress,
  } = options
  await mkdir(outDirectory, { recursive: true })
  const acknowledged = await RecordFile.create(join(outDirectory, "acknowledged.ndjson"))
  const progress = await RecordFile.create(join(outDirectory, "progress.ndjson"))

  const end = new AbortController()
  const ending = AbortSignal.any([signal, end.signal])
  const tally = new Tally()
  const writes: Acknowledgement[] = []
  const run: Run = {
    target,
    dialect: scenario.dialect ?? conveyorDialect,
    chance: new Chance(seed),
    timeoutMs,
    maxMs,
    tally,
    ending,
    acknowledge: ({ store, key }, version) => {
      writes.push({ store, key })
      tally.acknowledged += 1
      acknowledged.append({ at: Date.now(), store, key, version: version ?? null })
    },
  }
  const reporter = reportEachSecond(tally, (line) => {
    progress.append(line)
    onProgress?.(line)
  })

  const startedAt = Date.now()
  const traffic = startTraffic(run, options)
  await Promise.all([traffic.allSent, pause(seconds === undefined ? longestRunMs : seconds * 1_000, ending)])
  end.abort()
  await finishWithin(options.finishWithinMs ?? timeoutMs, traffic)
  reporter.stop()

  const { lost, ...counted } = await lookUpAll(writes, scenario, target)
  tally.recordWrites({ ...counted, lost: lost.length }, lost)
  const result = tally.result({ startedAt, endedAt: Date.now(), scenario: scenario.name, seed, ratePerSecond })
  await Promise.all([acknowledged.close(), progress.close()])
  await writeFile(join(outDirectory, "result.json"), `${JSON.stringify(result, undefined, 2)}\n`)
  return result
}

interface Traffic {
  /** Resolves when every request of the schedule has been sent. */
  allSent: Promise<unknown>
  /** Resolves when every part has stopped and everything sent has its outcome. */
  finish: () => Promise<unknown>
  /** Gives up what is still under way. */
  close: () => void
}

function startTraffic(
  run: Run,
  { scenario, ratePerSecond, pages: pageCount, seconds, arrivals = "poisson", maxOutstanding = 4_000 }: WitnessOptions,
): Traffic {
  const schedule = { pattern: arrivals, ratePerSecond, ...(seconds === undefined ? {} : { seconds }) }
  const singles = new SingleRequests(run, { requests: scenario.requests, schedule, maxOutstanding })
  const { page: pageScenario } = scenario
  const pages = pageScenario === undefined ? [] : Array.from({ length: pageCount }, () => new Page(run, pageScenario))
  const streams = pages
    .filter((_, n) => n % pagesPerStream === 0)
    .flatMap((page) => [
      pageScenario?.eventStream === undefined ? [] : [followEventStream(run, pageScenario.eventStream, () => page.pin)],
      pageScenario?.webSocket === undefined ? [] : [followWebSocket(run, pageScenario.webSocket, () => page.pin)],
    ])
    .flat()
  const allSent = singles.follow()
  const sessions = Promise.all([...pages.map((page) => page.follow()), ...streams])
  return {
    allSent,
    finish: async () => {
      await sessions
      await singles.finish()
    },
    close: () => [singles, ...pages].forEach((part) => part.close()),
  }
}

async function finishWithin(ms: number, { finish, close }: Traffic): Promise<void> {
  const giveUp = setTimeout(close, ms)
  await finish()
  clearTimeout(giveUp)
  close()
}

/** Seals each second when it is over, on the second. */
function reportEachSecond(tally: Tally, report: (line: ProgressLine) => void): { stop(): void } {
  let second = Math.floor(Date.now() / 1_000)
  const sealAndGoOn = () => {
    report(tally.seal(second))
    second = Math.floor(Date.now() / 1_000)
    timer = setTimeout(sealAndGoOn, 1_000 - (Date.now() % 1_000))
  }
  let timer = setTimeout(sealAndGoOn, 1_000 - (Date.now() % 1_000))
  return {
    stop: () => {
      clearTimeout(timer)
      report(tally.seal(second))
    },
  }
}

/** About as long as a timer can wait: 24 days. */
const longestRunMs = 2 ** 31 - 1

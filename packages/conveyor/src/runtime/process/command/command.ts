// Runs one command line to its end, in a cage: bounded in time, in memory and in what it prints, at low priority, and
// with nothing of it left when this returns. Called by the directory builder.
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import type { Readable } from "node:stream"
import type { Clock } from "../../../kernel/time/clock.ts"
import { formatDuration, seconds } from "../../../kernel/time/duration.ts"
import { ConveyorError, describe } from "../../../kernel/errors/errors.ts"
import { signalGroup } from "../../../kernel/process/process-identity.ts"
import { revealed } from "../../../kernel/secret.ts"
import type { CommandRun } from "../../builder.ts"
import type { Cages } from "../cage/cage.ts"
import { CommandOutput } from "./command-output.ts"

export interface CommandPlace {
  directory: string
  cages: Cages
  /** Unique among the cages. */
  cage: string
  /** The whole output goes there. */
  logFile: string
  clock: Clock
}

const graceMs = seconds(2)
const outputEndsWithinMs = seconds(2)

type Ending = { code: number | null; by: NodeJS.Signals | null }

/**
 * @throws ConveyorError "command-failed" with the exit code and the last lines, "command-timed-out" with the last lines,
 * "cannot-start", or the signal's reason.
 */
export async function runCommand(run: CommandRun, place: CommandPlace): Promise<void> {
  run.signal.throwIfAborted()
  const output = new CommandOutput({ logFile: place.logFile, onLine: run.onLine, now: () => place.clock.now() })
  try {
    const child = start(run, place)
    const read = Promise.all([child.stdout, child.stderr].map((stream) => output.read(stream)))
    const { ending, isLate } = await ended(child, run, place)
    const left = await place.cages.clear(place.cage, place.clock)
    if (ending.code === 0 && left > 0) output.say(`${left} processes that the command left behind were ended`)
    await whole(read, [child.stdout, child.stderr], place.clock)
    run.signal.throwIfAborted()
    if (isLate) throw timedOut(run, output.tail, place.logFile)
    if (ending.code !== 0) throw failed(run, ending, output.tail, place.logFile)
  } finally {
    await place.cages.clear(place.cage, place.clock)
    output.close()
  }
}

function start({ command, environment }: CommandRun, { directory, cages, cage }: CommandPlace) {
  const entrance = cages.open(cage, { limits: {}, priority: "low" })
  return spawn("sh", ["-c", entrance.script, command], {
    cwd: directory,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...revealed(environment), ...entrance.environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  })
}

/** The end of the first process; what it has begun may go on. Asked to end when it is late or not wanted any more. */
async function ended(
  child: ChildProcess,
  { signal, withinMs }: CommandRun,
  { clock }: CommandPlace,
): Promise<{ ending: Ending; isLate: boolean }> {
  const over = new AbortController()
  let isLate = false
  const end = (name: NodeJS.Signals) => {
    if (child.pid !== undefined) signalGroup(child.pid, name)
  }
  const after = (ms: number, act: () => void) => clock.sleep(ms, over.signal).then(act, () => "it has ended")
  const stop = () => {
    end("SIGTERM")
    // A stopped process takes no SIGTERM.
    end("SIGCONT")
    void after(graceMs, () => end("SIGKILL"))
  }
  void after(withinMs, () => {
    isLate = true
    stop()
  })
  signal.addEventListener("abort", stop, { once: true })
  try {
    const ending = await new Promise<Ending>((resolve, reject) => {
      child.once("error", (cause) => reject(notStarted(cause)))
      child.once("exit", (code, by) => resolve({ code, by }))
    })
    return { ending, isLate }
  } finally {
    over.abort()
    signal.removeEventListener("abort", stop)
  }
}

/** Nobody is left who could write: the streams end at once, unless somebody could not be found. */
async function whole(read: Promise<unknown>, streams: readonly Readable[], clock: Clock): Promise<void> {
  const enough = new AbortController()
  const late = clock.sleep(outputEndsWithinMs, enough.signal).then(
    () => streams.forEach((stream) => stream.destroy()),
    () => "it was read",
  )
  await read
  enough.abort()
  await late
}

function failed({ command }: CommandRun, ending: Ending, tail: string, logFile: string): ConveyorError {
  const how = ending.code === null ? String(ending.by) : `code ${ending.code}`
  return new ConveyorError("command-failed", `\`${command}\` ended with ${how}:\n${tail}`, {
    facts: { command, ...ending, logFile },
    hint: `Run the same command in a clean checkout of the commit, mend it, and push again. The whole output: ${logFile}`,
  })
}

function timedOut({ command, withinMs }: CommandRun, tail: string, logFile: string): ConveyorError {
  return new ConveyorError("command-timed-out", `\`${command}\` had not ended after ${formatDuration(withinMs)}, and was ended:\n${tail}`, {
    facts: { command, withinMs, logFile },
    hint: `Where it may take longer, raise \`timeouts\` in conveyor.yml. The whole output: ${logFile}`,
  })
}

function notStarted(cause: Error): ConveyorError {
  return new ConveyorError("cannot-start", `no shell could be started: ${describe(cause)}`, {
    hint: "EMFILE: this process has too many files open; EAGAIN: the machine has too many processes; ENOMEM: no memory is left. Mend that, and ask again.",
    cause,
  })
}

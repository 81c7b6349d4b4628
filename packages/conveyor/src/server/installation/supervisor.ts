// Starts the control plane again wherever it ends, until it is stopped itself. It does nothing else, so that it has little to
// die of; which one of an installation runs stands in its state directory. Run by `conveyor supervise`, which
// `conveyor up --supervised` starts; a service manager does the same.
import { readFile, rm } from "node:fs/promises"
import { z } from "zod"
import type { Clock } from "../../kernel/time/clock.ts"
import { seconds } from "../../kernel/time/duration.ts"
import { writeDurably } from "../../kernel/disk/durable-file.ts"
import type { Logger } from "../../kernel/logger.ts"
import { isAlive } from "../../kernel/process/process-identity.ts"
import type { ProcessIdentity } from "../../kernel/process/process-identity.ts"
import { isOwn } from "./installation.ts"
import type { StateDirectory } from "./state-directory.ts"
import { jsonOf } from "../../kernel/json.ts"

export interface Supervision {
  /** The control plane that has said where it is. */
  find: () => Promise<ProcessIdentity | undefined>
  /** Begins one; undefined where not even a process came of it. */
  start: () => Promise<ProcessIdentity | undefined>
  isAlive: (identity: ProcessIdentity) => boolean
  clock: Clock
  logger: Logger
  /** Aborting ends the supervision; the control plane goes on. */
  signal: AbortSignal
}

const lookEveryMs = 200
const steadyMs = seconds(60)
const [firstPauseMs, longestPauseMs] = [100, seconds(30)]

export async function supervise({ find, start, isAlive, clock, logger, signal }: Supervision): Promise<void> {
  const pause = (ms: number) => clock.sleep(ms, signal).catch(() => {})
  const runs = (identity: ProcessIdentity | undefined) => identity !== undefined && isAlive(identity)
  let shortLives = 0
  while (!signal.aborted) {
    const running = (await find()) ?? (await start())
    const since = clock.now()
    while (!signal.aborted && runs(running)) await pause(lookEveryMs)
    if (signal.aborted) return
    shortLives = clock.now() - since >= steadyMs ? 0 : shortLives + 1
    const pauseMs = pauseAfter(shortLives)
    logger.warn({ pid: running?.pid, livedMs: clock.now() - since, pauseMs }, "the control plane has ended, and is started again")
    await pause(pauseMs)
  }
}

/** @param shortLives how many in a row have not lasted */
export function pauseAfter(shortLives: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.max(0, shortLives - 1))
}

const record = z.object({ identity: z.object({ pid: z.number(), startTime: z.string() }) })

/** The one that runs for this installation; a copy of the directory has none. */
export async function findSupervisor(state: StateDirectory): Promise<ProcessIdentity | undefined> {
  const text = await readFile(state.supervisor, "utf8").catch(() => "{}")
  const said = record.safeParse(jsonOf(text))
  return said.success && isAlive(said.data.identity) && (await isOwn(state)) ? said.data.identity : undefined
}

export async function recordSupervisor({ supervisor }: StateDirectory, identity: ProcessIdentity): Promise<void> {
  await writeDurably(supervisor, JSON.stringify({ identity }), 0o600)
}

export async function forgetSupervisor({ supervisor }: StateDirectory): Promise<void> {
  await rm(supervisor, { force: true })
}

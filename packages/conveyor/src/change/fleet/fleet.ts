// In which order the shards of a fleet are worked on: the canary, then waves; never more than so many of one server
// at once. Called by every phase.
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import type { ShardSpec } from "./shard.ts"

export interface WalkOptions {
  /** After the canary: rising parts of the fleet. Undefined: all shards at once, no canary. */
  waves: readonly number[] | undefined
  perServer: number
  signal: AbortSignal
}

interface ShardFailure {
  shard: string
  thrown: unknown
}

/** Runs `work` on every shard. In a wave with a failure the others finish; the next wave does not start. */
export async function walkFleet(
  shards: readonly ShardSpec[],
  work: (shard: ShardSpec) => Promise<void>,
  options: WalkOptions,
): Promise<void> {
  for (const wave of waves(shards, options.waves)) {
    options.signal.throwIfAborted()
    const failures = await runWave(wave, work, options.perServer)
    options.signal.throwIfAborted()
    const [first] = failures
    if (first !== undefined) throw shardsFailed(failures, first)
  }
}

export function waves(shards: readonly ShardSpec[], parts: readonly number[] | undefined): ShardSpec[][] {
  if (shards.length === 0) return []
  if (parts === undefined) return [[...shards]]
  const ends = [1, ...parts.map((part) => Math.ceil(shards.length * part)), shards.length]
  let begin = 0
  const found: ShardSpec[][] = []
  for (const end of ends) {
    if (end > begin) found.push(shards.slice(begin, end))
    begin = Math.max(begin, end)
  }
  return found
}

export function serverOf(shard: ShardSpec): string {
  if (shard.server !== undefined) return shard.server
  const { hostname, port } = new URL(shard.url)
  return `${hostname}:${port || "5432"}`
}

async function runWave(wave: readonly ShardSpec[], work: (shard: ShardSpec) => Promise<void>, perServer: number): Promise<ShardFailure[]> {
  const failures: ShardFailure[] = []
  const queues = Map.groupBy(wave, serverOf)
  const lanes = [...queues.values()].flatMap((queue) => {
    const waiting = [...queue]
    return Array.from({ length: Math.min(perServer, queue.length) }, async () => {
      for (let shard = waiting.shift(); shard !== undefined; shard = waiting.shift()) {
        const { name } = shard
        await work(shard).catch((thrown: unknown) => failures.push({ shard: name, thrown }))
      }
    })
  })
  await Promise.all(lanes)
  return failures
}

/** One failure is told as it is; of several, the first one's code and every one's message. */
function shardsFailed(failures: readonly ShardFailure[], first: ShardFailure): unknown {
  const messages = failures.map(({ shard, thrown }) => `shard ${shard}: ${describe(thrown)}`)
  const known = first.thrown instanceof ConveyorError ? first.thrown : undefined
  return new ConveyorError(known?.code ?? "shard-failed", messages.join("\n"), {
    facts: { ...known?.facts, shards: failures.map(({ shard }) => shard) },
    hint: known?.hint ?? "Put the shard right and run the same command again; the other shards keep what they have done.",
    cause: first.thrown,
  })
}

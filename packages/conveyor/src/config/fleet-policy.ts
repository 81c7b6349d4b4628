// `fleet:` and `fleets:` of conveyor.yml. What is left out here is for the change engine to choose: its policy has the defaults,
// and wiring/policies.ts leads from these keys to it. Called by config.ts.
import { z } from "zod"
import { aPart, databaseUrl, duration, folder, hoursOfDay, name, oneOf, size, timeLimit, wholeNumber } from "./words.ts"

const off = z.literal("off")

const backfill = z.strictObject({
  batch: timeLimit.optional(),
  duty: aPart("the part of the time that batches may fill, above 0 and at most 1, such as 0.8").optional(),
  latency: duration.or(off).optional(),
  window: hoursOfDay.optional(),
  at_most_rows: wholeNumber(1, 1_000_000).optional(),
})

const throttle = z.strictObject({
  replica_lag: duration.or(off).optional(),
  replica_lag_size: size.or(off).optional(),
  wal_per_second: size.or(off).optional(),
  oldest_transaction: duration.or(off).optional(),
  dead_rows: aPart().or(off).optional(),
  longest_pause: timeLimit.optional(),
})

const locks = z.strictObject({
  wait: timeLimit.optional(),
  attempts: wholeNumber(1, 10_000).optional(),
  statement: timeLimit.optional(),
  long_wait: timeLimit.optional(),
  long_attempts: wholeNumber(1, 1_000).optional(),
})

const disk = z.strictObject({
  free: aPart("the part of the disk that has to stay free, above 0 and at most 1, such as 0.1").optional(),
  unknown: oneOf("refuse", "allow").optional(),
})

const expand = z.strictObject({ star_readers: oneOf("refuse", "warn").optional() })

const contract = z.strictObject({
  observe: duration.optional(),
  soft_drop: duration.optional(),
  readers: oneOf("required", "trust-release").optional(),
  replicas: oneOf("hold", "trust").optional(),
})

const rising = "parts of the fleet, each larger than the one before, up to 1, such as [0.25, 1]"

const servers = z.strictObject({
  expand_at_once: wholeNumber(1, 1_000).optional(),
  rows_at_once: wholeNumber(1, 100).optional(),
  waves: z
    .array(aPart(), rising)
    .min(1, rising)
    .refine((waves) => waves.every((wave, i) => i === 0 || wave > (waves[i - 1] ?? 0)) && waves.at(-1) === 1, rising)
    .optional(),
  connect: timeLimit.optional(),
  attempts: wholeNumber(1, 1_000).optional(),
})

export const fleet = z.strictObject({
  changes: folder.optional(),
  shards: z.record(name, databaseUrl).refine((all) => Object.keys(all).length > 0, "at least one shard and its URL"),
  backfill: backfill.prefault({}),
  throttle: throttle.prefault({}),
  locks: locks.prefault({}),
  disk: disk.prefault({}),
  expand: expand.prefault({}),
  contract: contract.prefault({}),
  servers: servers.prefault({}),
})

// What happens, as it happens: GET /v1/events gives it as server-sent events, one JSON object each. Each has an id; whoever
// asks again with the last one that it saw (Last-Event-ID) goes on from there, or is told that it has missed some.
import { z } from "zod"
import { shardOfChange } from "./changes.ts"
import { request } from "./requests.ts"
import { journalEvent, run } from "./runs.ts"
import { list, moment } from "./words.ts"

/** What the keeper did or saw between releases. What is not known is absent. */
export const keeperFact = z.object({
  kind: z.enum([
    "copy-started",
    "copy-restarted",
    "copy-crash-loop",
    "copy-given-up",
    "copy-surplus-stopped",
    "version-wanted-again",
    "version-stopping",
    "version-draining",
    "version-not-stopped",
  ]),
  version: z.string(),
  copy: z.object({ id: z.string(), service: z.string(), index: z.number(), restarts: z.number() }).optional(),
  reason: z.string().optional(),
})
export type KeeperFact = z.infer<typeof keeperFact>

export const happening = z.discriminatedUnion("type", [
  /** A run was asked for, has begun, or has ended. */
  z.object({ type: z.literal("run"), run }),
  /** Somebody asked for something; it is kept, and about to be done. */
  z.object({ type: z.literal("request"), request }),
  z.object({ type: z.literal("journal"), event: journalEvent }),
  z.object({
    type: z.literal("progress"),
    run: z.number(),
    step: z.string(),
    message: z.string(),
    /** By change and shard, where the step works on the fleet. */
    shards: list(shardOfChange).optional(),
  }),
  z.object({ type: z.literal("keeper"), fact: keeperFact }),
  /** The run can neither go on nor back now; it is tried again. */
  z.object({ type: z.literal("stuck"), run: z.number(), reason: z.string(), retryInMs: z.number() }),
  /** What came after the event that the follower saw last is not remembered any more; what follows is what is. */
  z.object({ type: z.literal("missed"), after: z.string() }),
])
export type Happening = z.infer<typeof happening>

export const event = z.intersection(happening, z.object({ id: z.string(), at: moment }))
/** `id`: "<fence of the control plane>-<number>", the numbers rising by at least one. */
export type Event = z.infer<typeof event>

export const eventsPath = "/v1/events"

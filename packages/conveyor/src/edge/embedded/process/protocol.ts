// What the guard and its workers say to each other, over the channel that Node gives a parent and its child. A guard may be
// either: the first is the parent of its workers, one that took over is the child of the worker that started it.
import type { SavedCounters } from "../counting/counters.ts"

/** From the guard. */
export type ToWorker =
  | { kind: "ping" }
  /** Take the sockets and the files: nobody else uses them now. */
  | { kind: "serve" }
  /** Another worker takes over: let go of sockets and files, and end when nothing is in flight. */
  | { kind: "hand-over" }
  | { kind: "stop" }
  /** What a worker that hands over still has under way. */
  | ({ kind: "carried" } & Carried)

/** From a worker. */
export type FromWorker =
  | { kind: "pong" }
  | { kind: "ready" }
  | { kind: "serving"; listen: { host: string; port: number }; admin: { host: string; port: number } }
  | { kind: "handed-over" }
  | ({ kind: "carried" } & Carried)

export interface Carried {
  /** Whose. */
  pid: number
  /** In flight now, by version. Empty at its end. */
  inFlight: Record<string, number>
  /** What has been counted since it said so last. */
  counted: SavedCounters
}

/** Where both find the sockets among what they were given when they were started. */
export const descriptors = { users: 4, admin: 5 } as const

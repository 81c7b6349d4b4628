// What the guard and its workers say to each other, over the channel that Node gives a parent and its child. A guard may be
// either: the first is the parent of its workers, one that took over is the child of the worker that started it.
import type { SavedCounters } from "../counting/counters.ts"
import type { Address } from "./address-file.ts"

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
  | ({ kind: "serving" } & Addresses)
  | { kind: "handed-over" }
  | ({ kind: "carried" } & Carried)

export interface Addresses {
  listen: Address
  admin: Address
  /** Where TLS is spoken, if it is anywhere. */
  secure?: Address
}

export interface Carried {
  /** Whose. */
  pid: number
  /** In flight now, by version. Empty at its end. */
  inFlight: Record<string, number>
  /** What has been counted since it said so last. */
  counted: SavedCounters
}

/** Descriptors of listening sockets: for users, for the control plane, and for users who come by TLS. */
export interface Sockets {
  users: number
  admin: number
  secure?: number
}

/** Says among a process's arguments that the third of them was handed on too. */
export const secureFlag = "--secure"

/** Where both find the sockets among what they were given when they were started. */
export const inheritedSockets = (hasSecure: boolean | undefined): Sockets => ({
  users: 4,
  admin: 5,
  ...(hasSecure === true ? { secure: 6 } : {}),
})

/** In the order in which `inheritedSockets` finds them. */
export const handedOn = ({ users, admin, secure }: Sockets): number[] => (secure === undefined ? [users, admin] : [users, admin, secure])

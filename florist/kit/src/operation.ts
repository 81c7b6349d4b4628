// An operation of the API as data: where it is, who may ask, what comes in and goes out, and the work itself. Written by services; served by
// the app, described by openapi.ts, compared with the published API.
import type { FastifyBaseLogger } from "fastify"
import type { z } from "zod"
import type { Document } from "./document.ts"
import type { OpenShop } from "./fleet.ts"
import type { Role } from "./role.ts"
import type { Session } from "./session.ts"
import type { Transaction } from "./transaction.ts"

export type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE"

/** Who may ask: workers with one of the roles; anybody ("public"); Florist's own services ("peer"). */
export type Access = readonly Role[] | "public" | "peer"

export interface Answer {
  status: number
  /** Undefined for an answer without a body. */
  body?: Document | object
  headers?: Readonly<Record<string, string>>
}

export interface Asked<P, Q, B> {
  params: P
  query: Q
  body: B
  /** Who asks. */
  session: Session
  /** The moment of the request, by the service's clock. */
  now: Date
  log: FastifyBaseLogger
  /** Ends when the client has gone or the copy closes. */
  signal: AbortSignal
}

/** Asks the database, and changes nothing. */
export interface AskedToRead<P, Q, B> extends Asked<P, Q, B> {
  shop: OpenShop
}

/** Changes one database in one transaction, which may run again: so it has no other effects. */
export interface AskedToWrite<P, Q, B> extends Asked<P, Q, B> {
  tx: Transaction
}

/** Several transactions, or calls of others between them. Whatever it did, doing it again with the same request must end in the same state. */
export interface AskedToFlow<P, Q, B> extends Asked<P, Q, B> {
  shop: OpenShop
  /** The request's Idempotency-Key, or undefined. */
  key: string | undefined
}

interface Shapes<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  /** As the published API calls it, if it does. */
  id: string
  /** Below /api, with parameters in braces: "/v1/orders/{id}". */
  path: string
  tag: string
  summary: string
  access: Access
  params?: P
  query?: Q
  body?: B
  /** Successes by status; null where there is no body. */
  answers: Readonly<Record<number, z.ZodType | null>>
  /** Refusals that the operation documents, beside 401, 403 and 503. Invalid input is 422 where that is among them, else 400. */
  refuses: readonly number[]
  /** "ignored" where somebody else decides what comes, as the bank; parameters and members that are not known are refused otherwise, but for those of Florist's own services,
   * which may be of a newer version. */
  unknown?: "ignored"
  /** Largest body, in bytes; 256 KiB where it is left out. */
  bodyLimit?: number
}

type Out<T extends z.ZodType> = z.output<T>

export type ReadOperation<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = Shapes<P, Q, B> & {
  method: "GET" | "POST"
  handle(asked: AskedToRead<Out<P>, Out<Q>, Out<B>>): Promise<Answer>
}

export type WriteOperation<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = Shapes<P, Q, B> & {
  method: Exclude<Method, "GET">
  handle(asked: AskedToWrite<Out<P>, Out<Q>, Out<B>>): Promise<Answer>
}

export type FlowOperation<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = Shapes<P, Q, B> & {
  method: Exclude<Method, "GET">
  handle(asked: AskedToFlow<Out<P>, Out<Q>, Out<B>>): Promise<Answer>
}

/** For operations without a session: the shop is found otherwise, by whoever handles it. */
export type PublicOperation<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = Shapes<P, Q, B> & {
  access: "public"
  method: Method
  handle(
    asked: Omit<Asked<Out<P>, Out<Q>, Out<B>>, "session"> & {
      headers: Readonly<Record<string, unknown>>
      rawBody: string
      /** As the front door saw it; limits are counted by it. */
      clientAddress: string
    },
  ): Promise<Answer>
}

/** Between services: the shop is named in the header `florist-shop`. */
export type PeerOperation<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = Omit<Shapes<P, Q, B>, "access" | "tag"> & {
  method: Method
  handle(asked: Omit<AskedToFlow<Out<P>, Out<Q>, Out<B>>, "session" | "key">): Promise<Answer>
}

/** What the app and the descriptions need of an operation, whatever its shapes. */
export interface Operation extends Shapes<z.ZodType, z.ZodType, z.ZodType> {
  method: Method
  work: "read" | "write" | "flow" | "public" | "peer"
  handle: (asked: never) => Promise<Answer>
}

/** Without parameters, query or body of its own an operation gets an empty object. */
type None = z.ZodObject<z.core.$ZodShape>

export const readOperation = <P extends z.ZodType = None, Q extends z.ZodType = None, B extends z.ZodType = None>(
  operation: ReadOperation<P, Q, B>,
): Operation => ({ ...operation, work: "read" })

export const writeOperation = <P extends z.ZodType = None, Q extends z.ZodType = None, B extends z.ZodType = None>(
  operation: WriteOperation<P, Q, B>,
): Operation => ({ ...operation, work: "write" })

export const flowOperation = <P extends z.ZodType = None, Q extends z.ZodType = None, B extends z.ZodType = None>(
  operation: FlowOperation<P, Q, B>,
): Operation => ({ ...operation, work: "flow" })

export const publicOperation = <P extends z.ZodType = None, Q extends z.ZodType = None, B extends z.ZodType = None>(
  operation: PublicOperation<P, Q, B>,
): Operation => ({ ...operation, work: "public" })

export const peerOperation = <P extends z.ZodType = None, Q extends z.ZodType = None, B extends z.ZodType = None>(
  operation: PeerOperation<P, Q, B>,
): Operation => ({ ...operation, access: "peer", tag: "Between services", work: "peer" })

export const ok = (body: Document | object): Answer => ({ status: 200, body })
export const created = (body: Document | object): Answer => ({ status: 201, body })
export const noContent: Answer = { status: 204 }

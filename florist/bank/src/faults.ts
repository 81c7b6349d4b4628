// What goes wrong between a shop and its bank: the next requests to the bank's API fail in a chosen way. Called by app.ts, set by the simulator's
// routes.
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"

export const faultKinds = [
  /** Answers 500 and does nothing. */
  "error",
  /** Never answers; does nothing. Ends when the client goes away. */
  "hang",
  /** Does what it is asked and breaks the connection instead of answering. */
  "effect-then-drop",
] as const
export type FaultKind = (typeof faultKinds)[number]

export class Faults {
  #next: FaultKind[] = []
  #met = 0

  /** How many requests have met a fault. */
  get met(): number {
    return this.#met
  }

  get next(): readonly FaultKind[] {
    return this.#next
  }

  plan(kind: FaultKind, count: number): void {
    this.#next.push(...Array.from({ length: count }, () => kind))
  }

  clear(): void {
    this.#next = []
  }

  take(): FaultKind | undefined {
    const kind = this.#next.shift()
    if (kind !== undefined) this.#met += 1
    return kind
  }
}

/** To be called within the scope of the routes that are to fail. */
export function addFaults(scope: FastifyInstance, faults: Faults): void {
  const toDrop = new WeakSet<FastifyRequest>()
  scope.addHook("onRequest", async (request, reply) => {
    const kind = faults.take()
    if (kind === "error") return reply.code(500).send({ code: "ERROR.INTERNAL", message: "The bank failed, as it was told to." })
    if (kind === "hang") return leaveOpen(reply)
    if (kind === "effect-then-drop") toDrop.add(request)
    return undefined
  })
  scope.addHook("onSend", async (request, reply) => {
    if (!toDrop.has(request)) return
    request.raw.socket.destroy()
    leaveOpen(reply)
  })
}

/** The framework sends nothing any more. */
function leaveOpen(reply: FastifyReply): FastifyReply {
  return reply.hijack()
}

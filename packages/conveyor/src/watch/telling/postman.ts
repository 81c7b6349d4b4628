// Carries messages from the outbox to those who tell people: each notifier by itself, so that one that hangs holds up nobody; many
// at once as one letter; what could not be sent again later, over restarts too. Started by the watch.
import type { Clock } from "../../kernel/time/clock.ts"
import { describe } from "../../kernel/errors/errors.ts"
import type { Logger } from "../../kernel/logger.ts"
import type { Book } from "../book/book.ts"
import type { Message } from "../book/messages.ts"
import type { Delivery, Letter, Notifier } from "./notifier.ts"
import { subjectOf, textOf } from "./words.ts"

export interface PostmanParts {
  book: Book
  notifier: Notifier
  /** Of the service, in each subject. */
  service: string
  /** Unique to this installation: two of them never send the same id. */
  installation: string
  clock: Clock
  logger: Logger
  signal: AbortSignal
  /** 0 to 1, for the pauses between tries. */
  random?: () => number
}

export const postPolicy = {
  lookEveryMs: 1_000,
  /** So long after the first one others may join it in one letter. */
  gatherMs: 5_000,
  /** More than so many of one kind are one letter. */
  mostSingly: 3,
  sendWithinMs: 30_000,
  firstPauseMs: 5_000,
  longestPauseMs: 600_000,
}

/** Until the signal aborts. */
export async function carryPost(parts: PostmanParts): Promise<void> {
  const { clock, signal, logger, notifier } = parts
  while (!signal.aborted) {
    await carryDue(parts).catch((thrown: unknown) => {
      if (!signal.aborted) logger.error({ notifier: notifier.name, error: describe(thrown) }, "the post could not be carried")
    })
    await clock.sleep(postPolicy.lookEveryMs, signal).catch(() => {})
  }
}

/** One round of what is due. */
export async function carryDue(parts: PostmanParts): Promise<void> {
  const due = parts.book.messages.due(parts.notifier.name, parts.clock.now())
  const oldest = due[0]
  if (oldest === undefined || parts.clock.now() - oldest.madeAt < postPolicy.gatherMs) return
  for (const messages of asLetters(due)) {
    const delivery = await deliver(parts, messages)
    if (delivery.kind === "later") return
  }
}

/** Of each kind one by one where they are few, as one where they are many. */
function asLetters(due: readonly Message[]): Message[][] {
  return [...Map.groupBy(due, ({ transition }) => transition).values()].flatMap((same) =>
    same.length > postPolicy.mostSingly ? [same] : same.map((each) => [each]),
  )
}

async function deliver(parts: PostmanParts, messages: readonly Message[]): Promise<Delivery> {
  const { book, notifier, clock, logger, signal } = parts
  const ids = messages.map(({ id }) => id)
  const bound = AbortSignal.any([signal, AbortSignal.timeout(postPolicy.sendWithinMs)])
  const delivery = await notifier.send(letterOf(parts, messages), bound).catch((thrown: unknown): Delivery => {
    return { kind: "later", reason: describe(thrown) }
  })
  const now = clock.now()
  if (delivery.kind === "sent") {
    book.messages.sent(ids, now, delivery.thread)
    for (const { incident } of messages)
      book.incidents.note(incident, { at: now, kind: "told", text: `told by ${notifier.name}`, by: undefined })
    return delivery
  }
  logger.warn({ notifier: notifier.name, messages: ids, reason: delivery.reason }, "a message was not taken")
  if (delivery.kind === "later") {
    const dueAt = now + pauseMs(parts, messages, delivery.afterMs)
    book.messages.notSent(ids, { dueAt, error: delivery.reason })
    return delivery
  }
  book.messages.drop(ids, now, delivery.reason)
  for (const { incident } of messages) {
    book.incidents.note(incident, {
      at: now,
      kind: "not-told",
      text: `${notifier.name} does not take it: ${delivery.reason}`,
      by: undefined,
    })
  }
  return delivery
}

function letterOf({ book, notifier, service, installation }: PostmanParts, messages: readonly Message[]): Letter {
  const incidents = messages.map(({ incident }) => book.incidents.get(incident))
  const [first] = messages
  const transition = first?.transition ?? "opened"
  return {
    id: `${installation}-${first?.incident}-${transition}${messages.length > 1 ? `-and-${messages.length - 1}` : ""}`,
    subject: subjectOf(service, transition, incidents, notifier.language),
    text: textOf(transition, incidents, notifier.language),
    transition,
    incidents,
    thread: threadOf(book, messages),
  }
}

/** Of the letter that told of the incident first, by the same notifier. */
function threadOf(book: Book, messages: readonly Message[]): string | undefined {
  const [only, ...others] = messages
  if (only === undefined || others.length > 0) return undefined
  return book.messages.of(only.incident).find(({ notifier, thread }) => notifier === only.notifier && thread !== undefined)?.thread
}

/** Twice as long after each failure, never in step with others, and never shorter than the receiver asked. */
function pauseMs({ random = Math.random }: PostmanParts, messages: readonly Message[], afterMs = 0): number {
  const attempts = Math.max(...messages.map((each) => each.attempts))
  const longest = Math.min(postPolicy.longestPauseMs, postPolicy.firstPauseMs * 2 ** attempts)
  return Math.max(afterMs, Math.ceil(longest * (0.5 + random() / 2)))
}

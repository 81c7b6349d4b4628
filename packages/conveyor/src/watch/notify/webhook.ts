// Letters as JSON to a URL of one's own, signed, and to the incoming webhooks of Slack and Mattermost. Made by wiring/.
import { createHmac } from "node:crypto"
import type { Clock } from "../../kernel/time/clock.ts"
import { describe } from "../../kernel/errors/errors.ts"
import { stateOf } from "../incidents/incident.ts"
import { deliveryOf, retryAfterMs } from "../telling/notifier.ts"
import type { Delivery, Language, Letter, Notifier } from "../telling/notifier.ts"

export interface WebhookTarget {
  name: string
  language: Language
  url: string
  /** What the signature is made with; without it none is sent. */
  secret?: string | undefined
}

/**
 * `x-conveyor-signature: t=<seconds>,v1=<hex>`, the HMAC-SHA256 of "<seconds>.<body>": the receiver refuses what is old, and so a
 * letter that somebody recorded. `idempotency-key` is the same at each try.
 */
export function webhook({ name, language, url, secret }: WebhookTarget, clock: Clock): Notifier {
  return {
    name,
    kind: "webhook",
    language,
    send: (letter, signal) => {
      const body = JSON.stringify(eventOf(letter))
      const seconds = Math.floor(clock.now() / 1_000)
      const signature = secret === undefined ? {} : { "x-conveyor-signature": `t=${seconds},v1=${signatureOf(secret, seconds, body)}` }
      return post({ url, body, headers: { "idempotency-key": letter.id, ...signature }, clock, signal })
    },
  }
}

export const signatureOf = (secret: string, seconds: number, body: string): string =>
  createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")

/** `&`, `<` and `>` are all that Slack reads in a plain text. */
export function slack({ name, language, url }: Omit<WebhookTarget, "secret">, clock: Clock): Notifier {
  return {
    name,
    kind: "slack",
    language,
    send: ({ subject, text }, signal) => {
      const plain = `${subject}\n${text}`.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
      return post({ url, body: JSON.stringify({ text: plain }), headers: {}, clock, signal })
    },
  }
}

function eventOf({ id, subject, text, transition, incidents }: Letter): object {
  return {
    id,
    transition,
    subject,
    text,
    incidents: incidents.map((incident) => ({ ...incident, state: stateOf(incident) })),
  }
}

interface Post {
  url: string
  body: string
  headers: Record<string, string>
  clock: Clock
  signal: AbortSignal
}

async function post({ url, body, headers, clock, signal }: Post): Promise<Delivery> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
      redirect: "manual",
      signal,
    })
    const said = (await response.text()).slice(0, 200)
    return deliveryOf(response.status, said, retryAfterMs(response.headers.get("retry-after"), clock.now()))
  } catch (thrown) {
    return { kind: "later", reason: describe(thrown instanceof Error ? (thrown.cause ?? thrown) : thrown).replaceAll(url, "the URL") }
  }
}

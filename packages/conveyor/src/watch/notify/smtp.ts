// Letters by e-mail, through any SMTP server: STARTTLS and login as its URL says. Made by wiring/ from conveyor.yml.
import { createTransport } from "nodemailer"
import type { Delivery, Language, Letter, Notifier } from "../telling/notifier.ts"

export interface SmtpTarget {
  name: string
  language: Language
  /** smtp://user:password@host:587 begins TLS where the server offers it; smtps:// begins with it. */
  url: string
  from: string
  to: readonly string[]
}

interface SmtpError {
  responseCode?: number
  message: string
}

const bounds = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }

export function smtp({ name, language, url, from, to }: SmtpTarget): Notifier {
  const host = new URL(url).hostname
  return {
    name,
    kind: "smtp",
    language,
    async send(letter) {
      const transport = createTransport({ url, ...bounds })
      try {
        await transport.sendMail({ from, to: [...to], ...mailOf(letter, from) })
        return { kind: "sent", thread: messageId(letter.id, from) }
      } catch (thrown) {
        return deliveryOf(thrown as SmtpError, host)
      } finally {
        transport.close()
      }
    },
  }
}

/** The same id at each try: where a connection broke after all was said, the receiver knows the second one for the first. */
function mailOf({ id, subject, text, thread }: Letter, from: string) {
  return {
    messageId: messageId(id, from),
    subject,
    text,
    ...(thread !== undefined && { inReplyTo: thread, references: thread }),
    headers: { "Auto-Submitted": "auto-generated" },
  }
}

const messageId = (id: string, from: string) => `<${id}@${/@([\w.-]+)/.exec(from)?.[1] ?? "conveyor"}>`

/** 5xx is for good; a wrong password too. Everything else, silence included, passes. */
function deliveryOf({ responseCode, message }: SmtpError, host: string): Delivery {
  const reason = `${host}: ${message}`
  return responseCode !== undefined && responseCode >= 500 ? { kind: "never", reason } : { kind: "later", reason }
}

// Letters by a Telegram bot: plain text, what follows as a reply to what it follows. Made by wiring/ from conveyor.yml.
import { describe } from "../../kernel/errors/errors.ts"
import { deliveryOf } from "../telling/notifier.ts"
import type { Delivery, Language, Letter, Notifier } from "../telling/notifier.ts"

export interface TelegramTarget {
  name: string
  language: Language
  /** Of the bot, as BotFather gave it. */
  token: string
  chat: string
  /** Of the Bot API; another for a server of one's own. */
  server: string
}

interface Answer {
  ok: boolean
  description?: string
  result?: { message_id?: number }
  parameters?: { retry_after?: number; migrate_to_chat_id?: number }
}

/** Longer ones are refused. */
const longestText = 4_096

export function telegram({ name, language, token, chat, server }: TelegramTarget): Notifier {
  return {
    name,
    kind: "telegram",
    language,
    async send(letter, signal) {
      try {
        const response = await fetch(`${server}/bot${token}/sendMessage`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(bodyOf(letter, chat)),
          signal,
        })
        const answer = (await response.json().catch(() => ({ ok: false }))) as Answer
        return delivered(response.status, answer)
      } catch (thrown) {
        // The token is in the URL, and so in what fetch says of it.
        return { kind: "later", reason: describe(thrown instanceof Error ? (thrown.cause ?? thrown) : thrown).replaceAll(token, "…") }
      }
    },
  }
}

/** Without a parse mode: nothing in the text can be taken for a command or for markup. */
function bodyOf({ subject, text, thread }: Letter, chat: string): object {
  const all = `${subject}\n${text}`
  return {
    chat_id: chat,
    text: all.length > longestText ? `${all.slice(0, longestText - 1)}…` : all,
    link_preview_options: { is_disabled: true },
    ...(thread !== undefined && { reply_parameters: { message_id: Number(thread), allow_sending_without_reply: true } }),
  }
}

function delivered(status: number, answer: Answer): Delivery {
  if (answer.ok) return { kind: "sent", thread: answer.result?.message_id?.toString() }
  const { retry_after: retryAfter, migrate_to_chat_id: movedTo } = answer.parameters ?? {}
  if (movedTo !== undefined) return { kind: "never", reason: `the chat has become ${movedTo}: put that into conveyor.yml` }
  return deliveryOf(status, answer.description ?? "no reason given", retryAfter === undefined ? undefined : retryAfter * 1_000)
}

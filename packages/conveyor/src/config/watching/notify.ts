// `watch.notify` of conveyor.yml: who is told, how and of what. Called by watch.ts.
import { z } from "zod"
import { Secret } from "../../kernel/secret.ts"
import { name, oneOf, text, timeLimit } from "../words.ts"

const secret = (value: string) => new Secret(value)

const aServer = "smtp://user:password@host:587, or smtps://"
// What a URL holds is never shown: a password may be in it.
const smtpUrl = z
  .string(aServer)
  .refine((value) => /^smtps?:\/\//.test(value) && URL.canParse(value), aServer)
  .transform(secret)

const webUrl = z.string("a URL").refine((value) => /^https?:\/\//.test(value) && URL.canParse(value), "a URL: https://host/path")

const anAddress = "an address, such as duty@shop.example or Shop <shop@shop.example>"
const address = text(anAddress, /^[^\r\n]*[^\s@<>]+@[^\s@<>]+>?$/)

const ways = {
  smtp: z.strictObject({ url: smtpUrl, from: address, to: z.array(address).min(1, "at least one address") }).optional(),
  telegram: z
    .strictObject({
      token: text("the token of a bot, such as 123456:ABC-DEF", /^\d+:[\w-]+$/).transform(secret),
      chat: z.union([z.string(), z.int()]).transform(String),
      server: webUrl.default("https://api.telegram.org"),
    })
    .optional(),
  slack: z.strictObject({ url: webUrl.transform(secret) }).optional(),
  webhook: z
    .strictObject({ url: webUrl.transform(secret), secret: text("a text that both sides know").transform(secret).optional() })
    .optional(),
}
const wayNames = Object.keys(ways)

const notifier = z
  .strictObject({
    language: oneOf("en", "ru").default("en"),
    severities: z.array(oneOf("page", "ticket")).min(1).default(["page", "ticket"]),
    after: timeLimit.optional(),
    ...ways,
  })
  .superRefine((written, context) => {
    const given = wayNames.filter((way) => written[way as keyof typeof written] !== undefined)
    if (given.length !== 1) context.addIssue({ code: "custom", message: `one of ${wayNames.join(", ")}, and no second one` })
  })

export type NotifierConfig = z.infer<typeof notifier>

export const notify = z.record(name, notifier)

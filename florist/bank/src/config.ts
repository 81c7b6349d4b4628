// What the bank is told by its environment, parsed once at its start. Called by main.ts and by tests.
import { z } from "zod"
import type { Merchant } from "./qr.ts"

const merchantList = z
  .string()
  .transform((text) => text.split(",").map((pair) => pair.trim().split(":")))
  .pipe(z.array(z.tuple([z.string().min(1).max(12), z.string().min(1)])).min(1))

const schema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  HOST: z.string().min(1).default("127.0.0.1"),
  /** "MA0000000001:its secret key,MA0000000002:another". */
  BANK_MERCHANTS: merchantList,
  BANK_CALLBACK_URL: z.url({ protocol: /^https?$/ }).optional(),
  BANK_AUTOPAY_MS: z.coerce.number().int().min(0).optional(),
  BANK_REFUND_MS: z.coerce.number().int().min(0).default(2_000),
  FLORIST_LOG: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
})

export interface BankConfig {
  host: string
  /** 0 takes a free port. */
  port: number
  merchants: readonly Merchant[]
  /** How long a refund is on its way. */
  refundTakesMs: number
  /** Each new code that has an amount is paid after this time; undefined: only by who asks for it. */
  autopayMs: number | undefined
  logLevel: string
}

/** @throws Error that names each wrong variable. */
export function readBankConfig(environment: Readonly<Record<string, string | undefined>>): BankConfig {
  const parsed = schema.safeParse(environment)
  if (!parsed.success) throw new Error(`Wrong environment:\n${z.prettifyError(parsed.error)}`)
  const env = parsed.data
  return {
    host: env.HOST,
    port: env.PORT,
    merchants: env.BANK_MERCHANTS.map(([id, secretKey]) => ({ id, secretKey, callbackUrl: env.BANK_CALLBACK_URL })),
    refundTakesMs: env.BANK_REFUND_MS,
    autopayMs: env.BANK_AUTOPAY_MS,
    logLevel: env.FLORIST_LOG,
  }
}

// What only the gateway is told by its environment. Parsed once at its start.
import type { Trust } from "@florist/kit/client-address"
import { trustList } from "@florist/kit/config"
import { z } from "zod"

const schema = z.object({
  /** {"orders": "http://127.0.0.1:41234", ...}: where requests are brought to. Not said under Conveyor, whose edge brings them. */
  FLORIST_SERVICES: z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text)
      } catch {
        context.addIssue({ code: "custom", message: "must be JSON" })
        return z.NEVER
      }
    })
    .pipe(z.record(z.string(), z.url()))
    .optional(),
  /** Whose x-forwarded-for the front door believes: what ends TLS before it. Nobody's where it is not said. */
  FLORIST_TRUSTED_PROXIES: trustList(""),
  /** "public": webhooks go to public addresses by https alone. "anywhere": also into private networks, for tests and single machines. */
  FLORIST_WEBHOOKS_TO: z.enum(["public", "anywhere"]).default("public"),
})

export type WebhooksTo = "public" | "anywhere"

export interface GatewayConfig {
  services: Readonly<Record<string, string>>
  trustedProxies: Trust
  webhooksTo: WebhooksTo
}

/** @throws Error that names each wrong variable. */
export function readGatewayConfig(environment: Readonly<Record<string, string | undefined>>): GatewayConfig {
  const parsed = schema.safeParse(environment)
  if (!parsed.success) throw new Error(`Wrong environment:\n${z.prettifyError(parsed.error)}`)
  return {
    services: parsed.data.FLORIST_SERVICES ?? {},
    trustedProxies: parsed.data.FLORIST_TRUSTED_PROXIES,
    webhooksTo: parsed.data.FLORIST_WEBHOOKS_TO,
  }
}

// The gateway: the platform's front door for people's browsers and other people's software. Serves the register's page, the description of the whole API and
// webhooks, and brings every other request to its service where no edge does that already.
import type { Service } from "@florist/kit/app"
import { consumedForWebhooks } from "./webhooks/announce.ts"
import { deliverWebhooks } from "./webhooks/deliver.ts"
import { webhookOperations } from "./webhooks/webhook-operations.ts"
import { addFrontDoor } from "./front-door.ts"
import { addDescription } from "./description.ts"
import { addPages } from "./pages.ts"
import { readGatewayConfig } from "./gateway-config.ts"
import type { GatewayConfig } from "./gateway-config.ts"

export const gatewayFrom = (environment: Readonly<Record<string, string | undefined>>): Service => gateway(readGatewayConfig(environment))

export function gateway(config: GatewayConfig): Service {
  return {
    name: "gateway",
    reliesOn: {
      "gateway.webhook": ["shop_id", "id", "url", "event_types", "secret", "status"],
      "gateway.webhook_delivery": ["shop_id", "webhook_id", "event_id", "body", "status", "tries"],
      "gateway.webhook_due": ["shop_id", "webhook_id", "event_id", "due_at"],
    },
    async clientFacts(shop) {
      const [row] = await shop.query("SELECT count(*) AS webhooks FROM gateway.webhook")
      return { webhooks: Number(row?.webhooks ?? 0) }
    },
    operations: () => webhookOperations(config.webhooksTo),
    consumes: () => consumedForWebhooks,
    background: (surroundings, signal) => deliverWebhooks(surroundings, config.webhooksTo, signal),
    async extras(app, surroundings) {
      addDescription(app, surroundings)
      await addPages(app)
      await addFrontDoor(app, config)
    },
  }
}

// The payments service: takes payments, lists and sums them, keeps receipts, tells pages and card terminals what was paid.
import type { Service } from "@florist/kit/app"
import websocket from "@fastify/websocket"
import { addFeed } from "./feed-route.ts"
import { LatestPayments } from "./latest-payments.ts"
import { addPaymentRoutes } from "./payment-routes.ts"
import { paymentColumns, paymentFacts } from "./payment-store.ts"
import { addReceipts, receiptColumns } from "./receipt-route.ts"
import { addTerminal } from "./terminal-route.ts"

const largestTerminalMessage = 16 * 1024

export const payments: Service = {
  name: "payments",
  reliesOn: { "payments.payment": Object.keys(paymentColumns), "payments.receipt": receiptColumns },
  clientFacts: (shop) => paymentFacts(shop.database, shop.id),
  async routes(app, { fleet, identity }) {
    const latest = new LatestPayments(app.log)
    app.addHook("preClose", async () => latest.stop())
    await app.register(websocket, { options: { maxPayload: largestTerminalMessage } })
    addPaymentRoutes(app, fleet)
    await app.register(async (scope) => addReceipts(scope, fleet))
    addFeed(app, fleet, latest)
    await app.register(async (scope) => addTerminal(scope, fleet, latest, identity.version))
  },
}

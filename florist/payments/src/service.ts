// The payments service: takes money for orders in every way and gives it back, asks the bank about QR codes, counts drawers, keeps the journal, and tells pages and card
// terminals what was paid.
import websocket from "@fastify/websocket"
import type { Service, Surroundings } from "@florist/kit/app"
import { workOffAgenda } from "./agenda.ts"
import type { Handlers } from "./agenda.ts"
import { cashMovementOperations, movementColumns } from "./cash-movement-operations.ts"
import { cashReasonOperations, reasonColumns } from "./cash-reason-operations.ts"
import { shiftColumns } from "./cash-shift.ts"
import { addFeed } from "./feed-route.ts"
import { giftCardOperations } from "./gift-card-operations.ts"
import { giftCardColumns } from "./gift-card.ts"
import { journalColumns, journalOperations } from "./journal-operations.ts"
import { LatestPayments } from "./latest-payments.ts"
import { latestMoney } from "./money-rows.ts"
import { paymentOperations } from "./payment-operations.ts"
import { moneyColumns } from "./payment.ts"
import { paymentColumns, takenMethods } from "./payment-store.ts"
import { qrAgenda } from "./qr-flow.ts"
import { qrOperations } from "./qr-operations.ts"
import { qrColumns } from "./qr-payment.ts"
import { addReceipts, receiptColumns } from "./receipt-route.ts"
import { orderReturnAgenda, refundAgenda } from "./refund-flow.ts"
import { registerColumns, registerOperations } from "./register-operations.ts"
import { followOrders, saleColumns } from "./sale.ts"
import { shiftOperations } from "./shift-operations.ts"
import { spendingAgenda } from "./spending-flow.ts"
import { addTerminal } from "./terminal-route.ts"

const largestTerminalMessage = 16 * 1024

export const payments: Service = {
  name: "payments",
  reliesOn: {
    ...paymentColumns,
    "payments.sale": [...saleColumns, "returned_by", "returned_shift", ...(paymentColumns["payments.sale"] ?? [])],
    "payments.refund": ["shop_id", "payment_id", "type", "origin", "state", "reason", ...Object.keys(moneyColumns)],
    "payments.spending": ["shop_id", "id", "sale_id", "customer_id", "amount", "state", "request", "occurred_at"],
    "payments.receipt": receiptColumns,
    "payments.register": registerColumns,
    "payments.cash_shift": shiftColumns,
    "payments.cash_entry": ["shop_id", "id", "register_id", "shift_id", "kind", "amount", "occurred_at", "late"],
    "payments.cash_reason": reasonColumns,
    "payments.cash_movement": movementColumns,
    "payments.gift_card": giftCardColumns,
    "payments.gift_card_entry": ["shop_id", "id", "card_id", "amount", "occurred_at"],
    "payments.qr_payment": qrColumns,
    "payments.qr_event": ["shop_id", "qr_id", "key", "source", "evidence", "seen_at"],
    "payments.agenda": ["shop_id", "kind", "id", "due_at", "tries", "reason"],
    "payments.journal_line": journalColumns,
  },
  async clientFacts(shop) {
    const [latest] = await latestMoney(shop, 1, undefined)
    return { lastPaymentAt: latest?.occurredAt ?? null }
  },
  operations: (surroundings) => [
    ...paymentOperations(surroundings),
    ...qrOperations(surroundings),
    ...registerOperations,
    ...shiftOperations,
    ...cashMovementOperations,
    ...cashReasonOperations,
    ...giftCardOperations,
    ...journalOperations,
  ],
  consumes: ({ clock }) => [followOrders(clock)],
  background: (surroundings, signal) => workOffAgenda(surroundings, agendaHandlers(surroundings, signal), signal),
  async extras(app, surroundings) {
    const latest = new LatestPayments(app.log)
    app.addHook("preClose", async () => latest.stop())
    await app.register(websocket, { options: { maxPayload: largestTerminalMessage } })
    await app.register(async (scope) => addReceipts(scope, surroundings))
    addFeed(app, surroundings, latest)
    await app.register(async (scope) => addTerminal(scope, surroundings, latest))
  },
}

export const agendaHandlers = (surroundings: Surroundings, signal: AbortSignal): Handlers => ({
  spending: spendingAgenda(surroundings, signal),
  refund: refundAgenda(surroundings, signal),
  ...(takenMethods.includes("qr") ? { qr: qrAgenda(surroundings, signal) } : {}),
  "order-return": orderReturnAgenda(),
})

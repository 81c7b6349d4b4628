// What may follow on what, as tables: the statuses of an order, with who may do it, and those of its delivery. Called by edits, sales and deliveries.
import { conflict, forbidden, invalid } from "@florist/kit/refusal"
import { delivering, management, selling } from "@florist/kit/role"
import type { Role } from "@florist/kit/role"
import type { DeliveryStatus, OrderStatus } from "./order.ts"

type Transitions = Readonly<Record<OrderStatus, Readonly<Partial<Record<OrderStatus, readonly Role[]>>>>>

/** `done` is reached through a sale and `returned` through a return, never by writing the word. */
export const transitions: Transitions = {
  notAccepted: { new: selling, canceled: selling },
  new: { notAccepted: management, assembled: selling, courier: selling, done: selling, canceled: selling },
  assembled: { new: selling, courier: delivering, done: selling, canceled: selling },
  courier: { assembled: delivering, done: selling, canceled: selling },
  done: { returned: selling },
  canceled: {},
  returned: {},
}

/** In which an order may come into being. */
const beginnings: readonly OrderStatus[] = ["notAccepted", "new", "assembled", "courier", "done"]

const pointer = "/data/attributes/status"

/** @throws Refusal 422 for a step that is not in the table, 403 for one that this role may not do. */
export function assertTransition(from: OrderStatus, to: OrderStatus, role: Role): void {
  if (to === "returned") {
    throw invalid("An order is returned by PATCH /v1/orders/{id}/return.", { pointer }, "status-not-reachable")
  }
  const allowed = transitions[from][to]
  if (allowed === undefined) {
    const next = Object.keys(transitions[from]).join(", ") || "nothing"
    throw invalid(`An order that is "${from}" cannot become "${to}"; it can become: ${next}.`, { pointer }, "status-not-reachable")
  }
  if (!allowed.includes(role)) {
    throw forbidden(`A ${role} may not take an order from "${from}" to "${to}"; it takes one of: ${allowed.join(", ")}.`)
  }
}

/** @throws Refusal 422 */
export function assertBeginning(status: OrderStatus): void {
  if (beginnings.includes(status)) return
  throw invalid(`An order begins as one of: ${beginnings.join(", ")}.`, { pointer }, "status-not-reachable")
}

const deliverySteps: Readonly<Record<DeliveryStatus | "none", readonly DeliveryStatus[]>> = {
  none: ["courier", "delivered", "cannotBeDelivered"],
  courier: ["delivered", "cannotBeDelivered"],
  // The courier sets out once more.
  cannotBeDelivered: ["courier", "delivered"],
  delivered: [],
}

/** @throws Refusal 409 */
export function assertDeliveryStep(from: DeliveryStatus | null, to: DeliveryStatus): void {
  const next = deliverySteps[from ?? "none"]
  if (from === to || next.includes(to)) return
  const detail = `A delivery that is "${from ?? "none"}" cannot become "${to}"; it can become: ${next.join(", ") || "nothing"}.`
  throw conflict(detail, { pointer: "/data/attributes/deliveryStatus" }, "delivery-status-not-reachable")
}

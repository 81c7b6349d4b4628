// The customer's side of the bank and what a test needs of it: paying, time, faults, what was sent. No bank has this; it is under /simulator.
// Amounts are kopecks as JSON numbers. Called by app.ts.
import type { FastifyInstance } from "fastify"
import { z } from "zod"
import type { Agenda } from "./agenda.ts"
import type { Bank } from "./bank.ts"
import { callbackPlan } from "./callback-plan.ts"
import type { Clock } from "./clock.ts"
import type { Courier } from "./courier.ts"
import type { Customers } from "./customers.ts"
import { faultKinds } from "./faults.ts"
import type { Faults } from "./faults.ts"
import type { Payment, Qr } from "./qr.ts"
import { read } from "./read.ts"

export interface SimulatorSurroundings {
  bank: Bank
  clock: Clock
  agenda: Agenda
  courier: Courier
  customers: Customers
  faults: Faults
}

const byId = z.object({ id: z.string() })
const byMerchant = z.object({ merchant: z.string() })
const byRefund = z.object({ merchant: z.string(), refund: z.string() })
const kopecks = z.number().int().min(1).max(100_000_000_000).transform(BigInt)
const beginning = z.strictObject({ amount: kopecks.optional() })
const paying = z.strictObject({ outcome: z.enum(["success", "decline"]), amount: kopecks.optional() })
const faultPlan = z.strictObject({ kind: z.enum(faultKinds), count: z.number().int().min(1).max(10_000).default(1) })
const clockChange = z.union([
  z.strictObject({ at: z.iso.datetime({ offset: true }).transform((text) => new Date(text)) }),
  z.strictObject({ advanceMs: z.number().int().min(0) }),
  z.strictObject({ run: z.literal("real") }),
])
const mostListed = 200
const outcomes = { success: "succeed", decline: "decline" } as const

export function addSimulator(scope: FastifyInstance, surroundings: SimulatorSurroundings): void {
  addCustomerSide(scope, surroundings)
  addCallbackSide(scope, surroundings)
  addClock(scope, surroundings)
  addFaultPlans(scope, surroundings)
}

function addCustomerSide(scope: FastifyInstance, { bank, customers }: SimulatorSurroundings): void {
  /** The newest codes, so that a person can pick one to pay. */
  scope.get("/simulator/qrs", async () => ({ qrs: bank.latest(mostListed).map(shownQr) }))

  scope.get("/simulator/qrs/:id", async (request) => shownQr(bank.qr(read(byId, request.params).id)))

  /** A payment begins and stays under way: what comes before its end may make it late. */
  scope.post("/simulator/qrs/:id/begin", async (request) => {
    const { id } = read(byId, request.params)
    bank.begin(id, read(beginning, request.body).amount)
    return shownQr(bank.qr(id))
  })

  scope.post("/simulator/qrs/:id/pay", async (request) => {
    const { id } = read(byId, request.params)
    const { outcome, amount } = read(paying, request.body)
    customers.pay(id, outcomes[outcome], amount)
    return shownQr(bank.qr(id))
  })

  scope.post("/simulator/qrs/:id/expire", async (request) => shownQr(bank.expire(read(byId, request.params).id)))

  scope.post("/simulator/merchants/:merchant/refunds/:refund/decline", async (request) => {
    const { merchant, refund } = read(byRefund, request.params)
    const { id, amount } = bank.declineRefund(bank.merchant(merchant), refund)
    return { id, amount: Number(amount), status: "DECLINED" }
  })

  scope.get("/simulator/merchants/:merchant/totals", async (request) => {
    const { captured, refunded, kept } = bank.totals(bank.merchant(read(byMerchant, request.params).merchant))
    return { captured: Number(captured), refunded: Number(refunded), kept: Number(kept) }
  })
}

function addCallbackSide(scope: FastifyInstance, { agenda, courier, customers }: SimulatorSurroundings): void {
  /** Holds for the payments of this code that end from now on. */
  scope.post("/simulator/qrs/:id/callbacks", async (request) => {
    const plan = read(callbackPlan, request.body)
    customers.planCallbacks(plan, read(byId, request.params).id)
    return { plan }
  })

  scope.post("/simulator/callbacks", async (request) => {
    const plan = read(callbackPlan, request.body)
    customers.planCallbacks(plan)
    return { plan }
  })

  /** Every attempt, the oldest first, and how it was answered. */
  scope.get("/simulator/callbacks", async () => ({ attempts: courier.attempts, waiting: agenda.waiting }))

  scope.post("/simulator/flush", async () => ({ done: await agenda.flush(), waiting: agenda.waiting }))
}

function addClock(scope: FastifyInstance, { agenda, clock }: SimulatorSurroundings): void {
  const shown = () => ({ now: clock.now().toISOString(), running: clock.isRunning })

  scope.get("/simulator/clock", async () => shown())

  scope.post("/simulator/clock", async (request) => {
    const change = read(clockChange, request.body)
    if ("at" in change) clock.set(change.at)
    else if ("advanceMs" in change) clock.advance(change.advanceMs)
    else clock.release()
    agenda.wake()
    return shown()
  })
}

function addFaultPlans(scope: FastifyInstance, { faults }: SimulatorSurroundings): void {
  const shown = () => ({ next: faults.next, met: faults.met })

  scope.get("/simulator/faults", async () => shown())

  scope.post("/simulator/faults", async (request) => {
    const { kind, count } = read(faultPlan, request.body)
    faults.plan(kind, count)
    return shown()
  })

  scope.delete("/simulator/faults", async () => {
    faults.clear()
    return shown()
  })
}

function shownQr(qr: Qr): object {
  return {
    id: qr.id,
    merchant: qr.merchant.id,
    order: qr.order,
    type: qr.type,
    status: qr.status,
    amount: qr.amount === undefined ? null : Number(qr.amount),
    createdAt: qr.createdAt.toISOString(),
    expiresAt: qr.expiresAt?.toISOString() ?? null,
    payments: qr.payments.map(shownPayment),
  }
}

function shownPayment({ transactionId, amount, status, at }: Payment): object {
  return { transactionId, amount: Number(amount), status, at: at.toISOString() }
}

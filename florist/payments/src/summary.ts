// What a shop took since a moment, by method, and what it gave back. Change never was the shop's: it lessens the cash. Pure; called by the operation.
import { toRoubles } from "@florist/kit/money"
import type { Group } from "./money-rows.ts"

export interface Summary {
  methods: { method: string; payments: number; amount: number }[]
  taken: number
  refunded: number
}

export function summarise(groups: readonly Group[]): Summary {
  const change = sumOf(groups.filter(({ type }) => type === "change"))
  const taken = groups
    .filter(({ type }) => type === "payment")
    .map((group) => (group.method === "cash" ? { ...group, amount: group.amount - change } : group))
  const refunded = groups.filter(({ type }) => type === "return")
  return {
    methods: taken.map(({ method, payments, amount }) => ({ method, payments, amount: toRoubles(Number(amount)) })),
    taken: toRoubles(Number(sumOf(taken))),
    refunded: toRoubles(Number(sumOf(refunded))),
  }
}

function sumOf(groups: readonly Group[]): bigint {
  return groups.reduce((sum, { amount }) => sum + amount, 0n)
}

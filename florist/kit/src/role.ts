// Who may do what in a shop. Called by sessions and operations.
import { z } from "zod"

export const roles = ["owner", "manager", "florist", "courier", "cashier"] as const
export const role = z.enum(roles)
export type Role = (typeof roles)[number]

/** Everybody who is signed in. */
export const everyone: readonly Role[] = [...roles]
/** Who runs the shop: prices, workers, settings, money. */
export const management: readonly Role[] = ["owner", "manager"]
/** Who sells and takes money. */
export const selling: readonly Role[] = ["owner", "manager", "florist", "cashier"]
/** Who handles flowers: receiving, making, writing off. */
export const handling: readonly Role[] = ["owner", "manager", "florist"]
/** Who brings orders to customers, and who sends them. */
export const delivering: readonly Role[] = ["owner", "manager", "florist", "cashier", "courier"]

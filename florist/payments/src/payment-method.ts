// The methods that a shop is paid by. Their ids follow from the shop, so a new shop has them without anybody making them. Pure.
import { invalid } from "@florist/kit/refusal"
import { paymentMethods } from "@florist/kit/contracts/payments"
import type { PaymentMethod } from "@florist/kit/contracts/payments"
import { resource } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { derivedId } from "./derived-id.ts"
import { takenMethods } from "./payment-store.ts"

export const methodType = "payment-methods"

const titles: Record<PaymentMethod, string> = { cash: "Cash", card: "Card", bonus: "Bonus points", gift_card: "Gift card", qr: "QR code" }

export const methodId = (shop: number, method: PaymentMethod): string => derivedId(`payment-method ${shop} ${method}`)

const known = new Map<string, PaymentMethod>()

/** Undefined where the id is none of the shop's methods. */
export function methodWithId(shop: number, id: string): PaymentMethod | undefined {
  const found = known.get(`${shop} ${id}`) ?? paymentMethods.find((method) => methodId(shop, method) === id)
  if (found !== undefined && known.size < 100_000) known.set(`${shop} ${id}`, found)
  return found
}

/** @throws Refusal 422 for an id that is no method of this shop, and for a method that this version does not take. */
export function methodToTake(shop: number, id: string): PaymentMethod {
  const source = { pointer: "/data/relationships/method/data/id" }
  const method = methodWithId(shop, id)
  if (method === undefined) throw invalid(`${id} is none of the shop's payment methods; GET /v1/payment-methods lists them.`, source)
  if (!takenMethods.includes(method)) throw invalid(`Payments by ${titles[method]} are not taken yet.`, source, "method-not-taken")
  return method
}

export function methodResource(shop: number, method: PaymentMethod): Resource {
  return resource(methodType, methodId(shop, method), { title: titles[method], kind: method, status: "on" })
}

// The platform's made-up contents: shops, what they sell, what was paid. Pure and repeatable; called by `seed.ts`, which copies it into databases.
import { momentOf } from "./season.ts"
import type { Random } from "./random.ts"

export interface ShopRow {
  id: number
  shard: string
  name: string
  city: string
}

export interface PaymentRow {
  shop: number
  id: string
  order: string
  method: "cash" | "card" | "bonus" | "gift_card"
  /** What the bank calls it. */
  ref: string | null
  /** Kopecks. */
  amount: number
  refunded: number
  docNo: string
  occurredAt: number
  note: string | null
}

const flowers = ["Peony", "Rose", "Tulip", "Lily", "Iris", "Mimosa", "Violet", "Daisy", "Orchid", "Lilac", "Poppy", "Dahlia"]
const places = ["Corner", "House", "Studio", "Garden", "Market", "Room", "Boutique", "Workshop"]
const cities = ["Moscow", "Saint Petersburg", "Kazan", "Tver", "Novosibirsk", "Samara", "Perm", "Omsk", "Tula", "Sochi"]
const notes = ["deliver by noon", "without a card", "call first", "red ribbon"]

export function shopRow(id: number, shards: readonly string[], random: Random): ShopRow {
  const shard = shards[id % shards.length]
  if (shard === undefined) throw new RangeError("A platform needs a shard.")
  return { id, shard, name: `${random.pick(flowers)} ${random.pick(places)}`, city: random.pick(cities) }
}

/** A fifth of the shops take nothing back; each other one took something back at least once. */
export const takesBack = (shop: number): boolean => shop % 5 !== 0

/** All payments in the order of time. Every shop has at least one, where there are as many rows as shops; few have very many. */
export function* paymentRows({ shops, rows, random }: { shops: number; rows: number; random: Random }): Generator<PaymentRow> {
  const everyShopsTurn = Math.max(1, Math.floor(rows / shops))
  let turns = 0
  for (let i = 0; i < rows; i++) {
    const isTurn = i % everyShopsTurn === 0 && turns < shops
    const shop = isTurn ? 1 + ((turns++ * stepThrough(shops)) % shops) : popularShop(shops, random)
    yield paymentRow(shop, i / rows, isTurn, random)
  }
}

function paymentRow(shop: number, place: number, isShopsTurn: boolean, random: Random): PaymentRow {
  const occurredAt = momentOf(place, random)
  const isBack = takesBack(shop) && (isShopsTurn || random.next() < 0.02)
  const amount = roundTo(1_000, 80_000 * Math.exp(2.2 * random.next() * random.next() + random.next()))
  const method = methodOf(random)
  return {
    shop,
    id: uuidAt(occurredAt, random),
    order: uuidAt(occurredAt, random),
    method,
    ref: method === "card" && random.next() < 0.8 ? `${random.hex()}${random.hex().slice(0, 4)}` : null,
    amount,
    refunded: isBack ? amount : 0,
    docNo: `S-${random.hex().slice(0, 6)}`,
    occurredAt,
    note: random.next() < 0.1 ? random.pick(notes) : null,
  }
}

/** One shop in a hundred makes a tenth of all sales. */
function popularShop(shops: number, random: Random): number {
  const rank = Math.floor(shops * random.next() ** 2)
  return 1 + ((rank * stepThrough(shops)) % shops)
}

/** Walks over every shop once, in an order that mixes sizes over shards: a step with no common divisor. */
function stepThrough(shops: number): number {
  let step = Math.max(1, Math.floor(shops * 0.618))
  while (greatestCommonDivisor(step, shops) !== 1) step += 1
  return step
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

function methodOf(random: Random): PaymentRow["method"] {
  const dice = random.next()
  if (dice < 0.3) return "cash"
  if (dice < 0.85) return "card"
  return dice < 0.93 ? "bonus" : "gift_card"
}

function roundTo(unit: number, amount: number): number {
  return Math.max(unit, Math.round(amount / unit) * unit)
}

/** A version 7 UUID, as a client makes it at that moment. */
function uuidAt(at: number, random: Random): string {
  const time = at.toString(16).padStart(12, "0")
  const [a, b] = [random.hex(), random.hex()]
  return `${time.slice(0, 8)}-${time.slice(8)}-7${a.slice(0, 3)}-8${a.slice(3, 6)}-${a.slice(6)}${b}${random.hex().slice(0, 2)}`
}

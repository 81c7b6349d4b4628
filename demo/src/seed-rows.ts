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
  /** As the first version writes it. */
  method: string
  amount: number
  status: "paid" | "refunded"
  cashier: string
  customer: string | null
  occurredAt: number
  note: string | null
}

const flowers = ["Peony", "Rose", "Tulip", "Lily", "Iris", "Mimosa", "Violet", "Daisy", "Orchid", "Lilac", "Poppy", "Dahlia"]
const places = ["Corner", "House", "Studio", "Garden", "Market", "Room", "Boutique", "Workshop"]
const cities = ["Moscow", "Saint Petersburg", "Kazan", "Tver", "Novosibirsk", "Samara", "Perm", "Omsk", "Tula", "Sochi"]
const cashiers = ["Olga", "Irina", "Marat", "Svetlana", "Anna", "Timur", "Daria", "Pavel"]
const notes = ["deliver by noon", "without a card", "call first", "red ribbon"]

const items = [
  { name: "25 red roses", kind: "bouquet", price: 4_990_00 },
  { name: "Spring bouquet", kind: "bouquet", price: 3_450_00 },
  { name: "Peonies, 9 stems", kind: "bouquet", price: 5_200_00 },
  { name: "Tulips, 15 stems", kind: "bouquet", price: 2_100_00 },
  { name: "Mimosa branch", kind: "stem", price: 350_00 },
  { name: "White rose", kind: "stem", price: 220_00 },
  { name: "Iris", kind: "stem", price: 180_00 },
  { name: "Orchid in a pot", kind: "plant", price: 2_800_00 },
  { name: "Lavender in a pot", kind: "plant", price: 1_150_00 },
  { name: "Greeting card", kind: "gift", price: 120_00 },
] as const

export function shopRow(id: number, shards: readonly string[], random: Random): ShopRow {
  const shard = shards[id % shards.length]
  if (shard === undefined) throw new RangeError("A platform needs a shard.")
  return { id, shard, name: `${random.pick(flowers)} ${random.pick(places)}`, city: random.pick(cities) }
}

export interface ItemRow {
  id: number
  name: string
  kind: string
  price: number
}

/** The same things everywhere, at the shop's own prices. */
export function itemRows(random: Random): ItemRow[] {
  const level = 0.8 + 0.5 * random.next()
  return items.map(({ name, kind, price }, i) => ({ id: i + 1, name, kind, price: roundTo(1_000, price * level) }))
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
  return {
    shop,
    id: uuidAt(occurredAt, random),
    order: uuidAt(occurredAt, random),
    method: methodText(random),
    amount: roundTo(1_000, 80_000 * Math.exp(2.2 * random.next() * random.next() + random.next())),
    status: isBack ? "refunded" : "paid",
    cashier: random.pick(cashiers),
    customer: random.next() < 0.35 ? uuidAt(occurredAt, random) : null,
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

function methodText(random: Random): string {
  const dice = random.next()
  if (dice < 0.3) return "cash"
  if (dice < 0.75) return `card:${random.hex()}${random.hex().slice(0, 4)}`
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

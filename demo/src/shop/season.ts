// A season in a flower shop, played over HTTP as its people and their programs would live it: bought, made, sold, delivered, taken back, written off, counted, day after day
// in two stores, with the peaks of 14 February and 8 March. The same seed gives the same season. Everything that is asked for has to succeed; what does not is an error.
// Called by `npm run florist`, by generators of data and by tests.
import { randomFrom } from "../random.ts"
import type { Random } from "../random.ts"
import { at as momentOf, dateOf, daysAfter, seasonDays } from "./calendar.ts"
import type { TradeDay } from "./calendar.ts"
import { simulatedBank } from "./bank.ts"
import { exchangeOver } from "./client.ts"
import { furnish } from "./furnish.ts"
import type { Crew, Furnished } from "./furnish.ts"
import { person } from "./people.ts"
import type { Person } from "./people.ts"
import { StoreBooks, StoreDay } from "./store-day.ts"
import type { World } from "./store-day.ts"
import { Supply } from "./supply.ts"
import type { Customer, GiftCard } from "./trade.ts"
import { document, idsFrom, to } from "./wire.ts"

export interface SeasonOptions {
  /** The gateway. */
  url: string
  /** The bank's simulator; without it nobody pays by QR code. Its clock is the season's meanwhile. */
  bankUrl?: string
  /** As it was opened: one store, and its owner, who signs in with this password. */
  shop: { store: string; owner: string; ownerPassword: string; nameSuffix?: string }
  days: number
  /** Of a usual day, in both stores together. */
  ordersADay: number
  seed: number
  now: Date
  signal: AbortSignal
  onProgress?: (progress: SeasonProgress) => void
}

export interface SeasonProgress {
  day: number
  days: number
  /** "2026-03-08" */
  date: string
  /** Requests so far. */
  requests: number
}

export interface Season {
  shop: Furnished
  requests: number
  /** What lies in each store, by the season's own account. */
  books: ReadonlyMap<Crew, StoreBooks>
}

/** @throws UnexpectedAnswer for anything that was refused. */
export async function playSeason(options: SeasonOptions): Promise<Season> {
  const { url, bankUrl, signal, seed, now } = options
  const days = seasonDays(options.days, now)
  const [first] = days
  if (first === undefined) throw new RangeError("A season has at least one day.")
  let requests = 0
  const client = { signal, exchange: exchangeOver(url, () => (requests += 1)) }
  const random = randomFrom(seed)
  const newId = idsFrom(randomFrom(seed + 1))
  const start = momentOf(daysAfter(first.date, -3), 12 * 60)
  const { store: firstStore, owner: ownerId, ownerPassword, nameSuffix = "" } = options.shop
  const shop = await furnish({ client, random, newId, at: start, firstStore, ownerId, ownerPassword, nameSuffix })
  const bank = bankUrl === undefined ? undefined : simulatedBank(bankUrl, signal)
  const customers = await welcomeCustomers(shop, { random, newId, start, count: Math.max(12, Math.round(options.ordersADay * 2.5)) })
  const giftCards = await issueGiftCards(shop, { random, newId, start })
  const supply = new Supply({ shop, random, newId, signal })
  const books = new Map(shop.crews.map((crew) => [crew, new StoreBooks()]))
  const world: Omit<World, "random"> = { shop, newId, bank, customers, giftCards, supply }

  const scale = options.ordersADay / 16
  for (const [crew, { shelf }] of books) {
    await supply.orderAhead(crew, shelf, {
      date: daysAfter(first.date, -2),
      minute: 600,
      busy: Math.max(1, first.demand) * scale,
      arrives: first.date,
    })
  }
  for (const [index, day] of days.entries()) {
    options.onProgress?.({ day: index + 1, days: days.length, date: day.date, requests })
    const next = days[index + 1]
    await startCourier(shop, day, newId)
    await Promise.all(
      shop.crews.map((crew, place) => {
        const own = randomFrom(seed + 1_000 * (index + 1) + place)
        const buyers = buyersOf(own, options.ordersADay * day.demand * (place === 0 ? 0.6 : 0.4))
        return new StoreDay({ ...world, random: own }, crew, bookOf(books, crew), day, buyers).play(endOf(day, next, now))
      }),
    )
    if (next !== undefined) await prepare({ shop, supply, books, index, day, next, ahead: days.slice(index + 1, index + 4), scale })
  }
  await bank?.release()
  return { shop, requests, books }
}

const buyersOf = (random: Random, mean: number): number => Math.max(1, Math.round(mean * (0.85 + 0.3 * random.next())))

function bookOf(books: ReadonlyMap<Crew, StoreBooks>, crew: Crew): StoreBooks {
  const found = books.get(crew)
  if (found === undefined) throw new Error(`${crew.title} has no books.`)
  return found
}

function endOf(day: TradeDay, next: TradeDay | undefined, now: Date): "closes" | "closes for long" | "goes on" {
  if (next === undefined) return day.date === dateOf(now) ? "goes on" : "closes"
  return next.date > daysAfter(day.date, 3) ? "closes for long" : "closes"
}

interface Preparing {
  shop: Furnished
  supply: Supply
  books: ReadonlyMap<Crew, StoreBooks>
  index: number
  day: TradeDay
  next: TradeDay
  ahead: readonly TradeDay[]
  scale: number
}

/** In the evening: counted once a week, moved between the stores, ordered for the days that come. */
async function prepare({ shop, supply, books, index, day, next, ahead, scale }: Preparing): Promise<void> {
  const evening = momentOf(day.date, day.closes + 10)
  const [one, other] = shop.crews
  if (one !== undefined && other !== undefined && index % 4 === 2) {
    await supply.balance([one, other], [bookOf(books, one).shelf, bookOf(books, other).shelf], evening)
  }
  const isBreak = next.date > daysAfter(day.date, 3)
  const busy = Math.max(...ahead.map(({ demand }) => demand)) * scale
  for (const [crew, { shelf }] of books) {
    if (index % 7 === 6) await supply.count(crew, shelf, momentOf(day.date, day.closes + 20))
    const asked = isBreak ? daysAfter(next.date, -2) : day.date
    await supply.orderAhead(crew, shelf, { date: asked, minute: day.closes + 30, busy, ...(isBreak ? { arrives: next.date } : {}) })
  }
}

async function startCourier({ courier, crews }: Furnished, day: TradeDay, newId: (at: Date) => string): Promise<void> {
  const [{ store } = { store: "" }] = crews
  const startedAt = momentOf(day.date, day.opens)
  const attributes = { startedAt: startedAt.toISOString(), endedAt: momentOf(day.date, day.closes).toISOString() }
  if (day.opens === day.closes) return
  const relations = { worker: to("workers", courier.id), store: to("stores", store) }
  await courier.client.send("POST", "/v1/timecards", document({ type: "timecards", id: newId(startedAt), attributes, relations }))
}

interface Beginning {
  random: Random
  newId: (at: Date) => string
  start: Date
}

async function welcomeCustomers(shop: Furnished, { random, newId, start, count }: Beginning & { count: number }): Promise<Customer[]> {
  const people = Array.from({ length: count }, (_, number) => ({ id: newId(start), person: person(random, number) }))
  const welcome = async ({ id, person }: { id: string; person: Person }, number: number): Promise<Customer> => {
    const title = `${person.firstName} ${person.lastName}`
    const attributes = {
      title,
      phone: person.phone,
      countryCode: 7,
      birthday: person.birthday,
      status: "on",
      createdAt: start.toISOString(),
    }
    const relations = {
      bonusGroup: to("bonus-groups", shop.bonusGroup),
      customerSources: [to("customer-sources", shop.customerSources[number % shop.customerSources.length] ?? "")],
    }
    await shop.manager.client.send("POST", "/v1/customers", document({ type: "customers", id, attributes, relations }))
    return { id, title, phone: person.phone, address: { street: person.street, house: person.house, apartment: person.apartment } }
  }
  return Promise.all(people.map(welcome))
}

async function issueGiftCards(shop: Furnished, { random, newId, start }: Beginning): Promise<GiftCard[]> {
  const cards: GiftCard[] = []
  for (const amount of [1_000, 2_000, 3_000, 5_000, 2_000, 1_000]) {
    const code = `GIFT${random.hex().toUpperCase()}`
    const card = document({ type: "gift-cards", id: newId(start), attributes: { code, amount, issuedAt: start.toISOString() } })
    await shop.manager.client.send("POST", "/v1/gift-cards", card)
    cards.push({ code, balance: amount * 100 })
  }
  return cards
}

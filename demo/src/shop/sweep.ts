// The published operations that no day in a shop needs, each asked once: dictionaries from their making to their deletion, lists, figures. A table; what is asked of one
// line may be named in the next. Called by the end-to-end test.
import { setTimeout as sleep } from "node:timers/promises"
import type { PublishedClient } from "../../../florist/published/src/exchange.ts"
import type { ShopClient } from "./client.ts"
import type { Furnished } from "./furnish.ts"
import { day } from "./played-day.ts"
import type { PlayedDay } from "./played-day.ts"
import { document, resource, to } from "./wire.ts"
import type { Draft, Relations } from "./wire.ts"

export interface Sweeping {
  client: PublishedClient
  shop: Furnished
  played: PlayedDay
}

export async function sweep(sweeping: Sweeping): Promise<void> {
  const { shop, played } = sweeping
  const owner = shop.owner.client
  for (const dictionary of dictionaries(sweeping)) await wholeLife(owner, dictionary)
  for (const path of readings(shop, played)) await owner.ask("GET", path)
  await customers(sweeping)
  await importCustomers(sweeping)
  await items(sweeping)
  await ordersAndMoney(sweeping)
  await bouquetsAndTransfers(sweeping)
  await reports(owner)
  await workers(sweeping)
}

interface Dictionary {
  type: string
  /** Of the list, and of one. */
  many: string
  one?: string
  draft: Draft
  change?: { attributes: object; relations?: Relations }
  /** Where several are written in one document. */
  form?: "list"
  /** By the list, with ids in the body; by the path; by the list, with one id; not at all. */
  deletion: "several" | "path" | "one" | "none"
}

function dictionaries({ played }: Sweeping): Dictionary[] {
  const dates = [resource({ type: "celebration-dates", attributes: { dateFrom: "2026-10-05", dateUntil: "2026-10-05" } })]
  const group = { title: "Swept", status: "on", private: true }
  const titled = (type: string, more: object = {}): Draft => ({ type, attributes: { title: "Swept", ...more } })
  const renamed = { attributes: { title: "Swept again" } }
  const simple = (type: string, deletion: Dictionary["deletion"], more: Partial<Dictionary> = {}): Dictionary => ({
    type,
    many: `/v1/${type}`,
    one: `/v1/${type}`,
    draft: titled(type),
    change: renamed,
    deletion,
    ...more,
  })
  return [
    {
      type: "customer-preferences",
      many: "/v1/customer-preferences",
      draft: titled("customer-preferences"),
      change: renamed,
      deletion: "several",
    },
    { type: "customer-sources", many: "/v1/customer-sources", draft: titled("customer-sources"), change: renamed, deletion: "several" },
    simple("customer-celebrations", "several", {
      one: "/v1/customer-celebration",
      draft: { ...titled("customer-celebrations"), relations: { dates } },
      change: { ...renamed, relations: { dates } },
    }),
    simple("customer-events", "one", {
      draft: {
        type: "customer-events",
        id: crypto.randomUUID(),
        attributes: { title: "Swept", dateFrom: day, dateUntil: day },
        relations: { customer: to("customers", played.customer) },
      },
      change: { attributes: { title: "Swept again", dateFrom: day, dateUntil: day } },
    }),
    simple("discount-reasons", "several", {
      draft: { id: crypto.randomUUID(), ...titled("discount-reasons", { discountType: "markup" }) },
    }),
    simple("cash-reasons", "none", { draft: titled("cash-reasons", { typeReason: "deposit" }) }),
    simple("order-sources", "several", {
      form: "list",
      draft: { id: crypto.randomUUID(), ...titled("order-sources") },
      change: { attributes: { title: "Swept again", hidden: true } },
    }),
    { type: "order-tags", many: "/v1/order-tags", draft: { id: crypto.randomUUID(), ...titled("order-tags") }, deletion: "path" },
    simple("bonus-groups", "several", { draft: { type: "bonus-groups", attributes: { ...group, bonusRate: 3, limit: 10 } } }),
    simple("discount-groups", "several", { draft: { type: "discount-groups", attributes: { ...group, discount: 3 } } }),
    {
      type: "categories",
      many: "/v1/categories",
      draft: { id: crypto.randomUUID(), ...titled("categories", { status: "on" }) },
      change: renamed,
      deletion: "path",
    },
  ]
}

/** Made, listed, read, changed, deleted: as far as the publication has it. */
async function wholeLife(owner: ShopClient, { type, many, one, draft, change, form, deletion }: Dictionary): Promise<void> {
  const made = await owner.ask("POST", many, { body: form === "list" ? { data: [resource(draft)] } : document(draft) })
  const id = draft.id ?? idOf(made)
  await owner.ask("GET", many)
  if (one !== undefined) await owner.ask("GET", `${one}/${id}`)
  if (change !== undefined) {
    // Small numbers are numbers in some of the published bodies.
    const written = resource({ type, id, ...change })
    if (form === "list") await owner.ask("PATCH", many, { body: { data: [written] } })
    else
      await owner.ask("PATCH", `${one ?? many}/${id}`, {
        body: { data: type === "customer-celebrations" ? { ...written, id: Number(id) } : written },
      })
  }
  if (deletion === "path") await owner.ask("DELETE", `${many}/${id}`)
  if (deletion === "one") await owner.ask("DELETE", many, { body: { data: to(type, id) } })
  if (deletion === "several")
    await owner.ask("DELETE", many, { body: { data: [{ type, id: type === "customer-celebrations" ? Number(id) : id }] } })
}

function readings({ items }: Furnished, { crew, customer, orders }: PlayedDay): string[] {
  const days = `filter[rangeFrom]=${day}&filter[rangeTo]=${day}`
  const range = `filter[range]=custom&${days}`
  const rose = items.get("rose-red")?.id ?? ""
  const store = `/v1/stores/${crew.store}`
  const figures = [
    "stats",
    "stats-workers",
    "stats-payments",
    "stats-sources",
    "stats-warehouses",
    "stats-debts",
    "stats-revenue",
    "stats-payments-revenue",
    "stats-profit",
  ]
  const showcase = ["showcase-stats", "showcase-days-stats", "showcase-price-stats", "showcase-top-flowers-stats"]
  const ofStores = ["general", "workers", "revenue", "payments-revenue", "profit", "payments", "sources", "debts"]
  const warehouse = ["stats-warehouse-base", "stats-warehouse-top-items", "write-off-stats", "packing-invoice"]
  const analytics = ["shipment-revenue", "marginality", "bonuses-subtract", "bonuses-accrued", "total-discount", "returned"]
  return [
    ...[...figures, ...showcase].map((path) => `${store}/${path}?${range}`),
    ...[...ofStores, ...warehouse].map((path) => `/v1/stats/stores/${path}?${range}&filter[stores][]=${crew.store}`),
    ...analytics.map((path) => `/v1/orders/analytics/${path}`),
    "/v1/stores",
    store,
    "/v1/workers",
    `/v1/worker/${crew.florist.id}`,
    "/v1/customers",
    `/v1/customers/${customer}`,
    `/v1/customers/${customer}/bonus-history`,
    `/v1/customers-stats?filter[range]=day&${days}`,
    "/v1/customer-celebration-dates",
    "/v1/bonus-group-changes-history",
    "/v1/orders",
    `/v1/orders/${orders.card}`,
    "/v1/payments",
    "/v1/bouquets",
    "/v1/inventory-items",
    `/v1/inventory-items/${rose}`,
    `/v1/inventory-items/${rose}/warehouse-movement/${crew.store}`,
    "/v1/catalog/categories",
    `/v1/catalog/inventory-items/${rose}`,
    "/v1/movement-acts",
    "/v1/report-types",
  ]
}

async function customers({ shop, played }: Sweeping): Promise<void> {
  const owner = shop.owner.client
  const { customer } = played
  await owner.ask("PATCH", `/v1/customers/${customer}`, {
    body: document({ type: "customers", id: customer, attributes: { notes: "Likes peonies" } }),
  })
  await owner.ask("PATCH", "/v1/customers", {
    body: { data: [resource({ type: "customers", id: customer, attributes: { instagram: "vera" } })] },
  })
  const membership = resource({
    type: "customer-discount-groups",
    attributes: { discountGroup: shop.discountGroup },
    relations: { customer: to("customers", customer) },
  })
  await owner.ask("POST", "/v1/customers/discount-groups", { body: { data: [membership] } })
  const numbers = document({ type: "customer-phone-numbers", attributes: { phoneNumbers: ["79051112233", "79990000000"] } })
  await owner.ask("POST", "/v1/customers/filter-phone-numbers", { body: numbers })
}

async function importCustomers({ client, shop, played }: Sweeping): Promise<void> {
  const owner = shop.owner.client
  const form = new FormData()
  for (const [name, value] of Object.entries({ format: "csv", delimiter: ";", ignoreFirst: "1" })) form.set(name, value)
  form.set("file", new Blob(["Name;Phone\nNina Swept;79061234567\n"]), "customers.csv")
  const made = await client.call("POST", "/v1/customers/import", { body: form, contentType: "multipart/form-data", token: owner.token })
  const path = `/v1/customers/import/${made.one.id}`
  const mapping = document({ type: "mapping-customers", attributes: { title: [0], phone: 1 } })
  await owner.ask("POST", `${path}/validate`, { body: mapping })
  await owner.ask("GET", "/v1/customers/import")
  while ((await owner.get(path)).attributes.status !== "done") await sleep(50)
  // Published below the imports; the id is a customer's.
  await owner.ask("GET", `/v1/customers/import/${played.customer}/stats`)
  await owner.ask("DELETE", path)
}

async function items({ shop, played }: Sweeping): Promise<void> {
  const owner = shop.owner.client
  const { store } = played.crew
  const rose = shop.items.get("rose-red")?.id ?? ""
  const [category] = await owner.list("/v1/catalog/categories")
  const categoryPath = `/v1/catalog/categories/${category?.id ?? ""}`
  await owner.ask("GET", categoryPath)
  await owner.ask("GET", `/v1/catalog/${category?.id ?? ""}`)
  await owner.ask("GET", `/v1/catalog-export/${category?.id ?? ""}`)
  await owner.ask("PATCH", `/v1/inventory-items/${rose}`, {
    body: document({ type: "inventory-items", id: rose, attributes: { description: "Red" } }),
  })
  await owner.ask("PATCH", "/v1/inventory-items", { body: document({ type: "inventory-items", id: rose, attributes: { public: true } }) })
  const price = resource({ type: "prices", attributes: { price: 185, status: "on" }, relations: { store: to("stores", store) } })
  await owner.ask("POST", `/v1/inventory-items/${rose}/bulk-prices`, { body: { data: [price] } })
  const off = document({ type: "prices", id: `${rose}-${store}`, attributes: { status: "off" } })
  await owner.ask("PATCH", `/v1/inventory-items/${rose}/prices`, { body: off })
  const span = `filter[sold][startDate]=${day}T00:00:00Z&filter[sold][endDate]=${day}T23:59:59Z&filter[format]=day`
  await owner.ask("GET", `/v1/inventory-items/${rose}/price-dynamics/${rose}-${store}?${span}`)
  await owner.ask("GET", `/v1/inventory-items/${rose}/stats-by-store/${rose}-${store}`)
  const relations = { store: to("stores", store) }
  const net = document({ type: "search-net-costs", attributes: { qty: [1], date: day, items: [rose] }, relations })
  await owner.ask("POST", "/v1/inventory-items/net-costs", { body: net })
  const last = document({ type: "search-last-costs", attributes: { dateTime: `${day}T20:00:00Z`, items: [rose] }, relations })
  await owner.ask("POST", "/v1/inventory-items/last-costs", { body: last })
  const spare = crypto.randomUUID()
  await owner.ask("POST", "/v1/inventory-items", {
    body: document({ type: "inventory-items", id: spare, attributes: { title: "Swept", itemType: "item" } }),
  })
  await owner.ask("DELETE", "/v1/inventory-items", { body: { data: [to("inventory-items", spare)] } })
}

async function ordersAndMoney({ shop, played }: Sweeping): Promise<void> {
  const owner = shop.owner.client
  const id = played.orders.split
  const fiscal = document({
    type: "orders-fiscal",
    id,
    attributes: { fiscalized: true, fiscalizedAt: `${day}T12:00:00Z` },
    relations: { fiscalizedBy: to("workers", shop.owner.id) },
  })
  await owner.ask("PATCH", `/v1/orders/${id}/fiscal`, { body: fiscal })
  const [payment] = await owner.list("/v1/payments", { "filter[order]": id })
  const marked = document({
    type: "order-payments",
    id: payment?.id ?? "",
    attributes: { fiscalized: true, fiscalizedAt: `${day}T12:00:00Z` },
  })
  await owner.ask("PATCH", `/v1/payments/${payment?.id ?? ""}`, { body: marked })
}

/** A bouquet is ordered, taken out of its order, and taken apart; stems move to the other store. */
async function bouquetsAndTransfers({ shop, played }: Sweeping): Promise<void> {
  const owner = shop.owner.client
  const { store } = played.crew
  const pink = shop.items.get("rose-pink")?.id ?? ""
  const [bouquet, order] = [crypto.randomUUID(), crypto.randomUUID()]
  const component = resource({ type: "bouquet-components", attributes: { qty: 2 }, relations: { item: to("inventory-items", pink) } })
  const occurredAt = `${day}T16:30:00Z`
  const made = document({
    type: "bouquets",
    id: bouquet,
    attributes: { title: "Swept", status: "reserved", saleAmount: 500, occurredAt },
    relations: { store: to("stores", store), order: to("orders", order), components: [component] },
  })
  await owner.ask("POST", "/v1/bouquets", { body: made })
  const line = resource({ type: "order-lines", attributes: { qty: 1, price: 500 }, relations: { bouquet: to("bouquets", bouquet) } })
  const ordered = document({
    type: "orders",
    id: order,
    attributes: { status: "new", date: day, createdAt: occurredAt },
    relations: { store: to("stores", store), lines: [line] },
  })
  await owner.ask("POST", "/v1/orders", { body: ordered })
  const apart = document({ type: "orders-bouquets", id: bouquet, relations: { bouquet: to("bouquets", bouquet) } })
  await owner.ask("PATCH", `/v1/orders/${order}/bouquets/${bouquet}`, { body: apart })
  await owner.ask("DELETE", `/v1/bouquets/${bouquet}`)

  const [, other] = shop.crews
  // Published as one line, where there may be many.
  const lines = resource({ type: "movement-act-lines", attributes: { qty: 1 }, relations: { item: to("inventory-items", pink) } })
  const transfer = document({
    type: "movement-acts",
    attributes: { date: day, occurredAt },
    relations: { from: to("stores", store), to: to("stores", other?.store ?? ""), lines },
  })
  const act = idOf(await owner.ask("POST", "/v1/movement-acts", { body: transfer }))
  await owner.ask("GET", `/v1/movement-act/${act}`)
  await owner.ask("PATCH", `/v1/movement-act/${act}`, { body: document({ type: "movement-acts", id: act, attributes: { posted: true } }) })
}

async function reports(owner: ShopClient): Promise<void> {
  const [type] = await owner.list("/v1/report-types")
  const typeId = type?.id ?? ""
  await owner.ask("GET", `/v1/report-types/${typeId}`)
  const attributes = { title: "Swept", format: "xlsx", periodStart: day, periodStop: day }
  const relations = { reportType: to("report-types", typeId) }
  const id = idOf(await owner.ask("POST", "/v1/reports", { body: document({ type: "reports", attributes, relations }) }))
  const path = `/v1/reports/${id}`
  await owner.ask("GET", "/v1/reports")
  await ready(owner, path)
  await owner.ask("POST", path)
  await ready(owner, path)
  await owner.ask("PATCH", path, {
    body: document({ type: "reports", id, attributes: { ...attributes, title: "Swept again" }, relations }),
  })
  await owner.ask("DELETE", "/v1/reports", { body: { data: [to("reports", id)] } })
}

async function ready(owner: ShopClient, path: string): Promise<void> {
  while ((await owner.get(path)).attributes.downloadable !== true) await sleep(50)
}

async function workers({ client, shop }: Sweeping): Promise<void> {
  const owner = shop.owner.client
  const [id, user] = [crypto.randomUUID(), crypto.randomUUID()]
  const account = {
    ...resource({ type: "users", id: user, attributes: { login: `swept-${id.slice(0, 8)}`, password: "swept and gone" } }),
    relationships: { roles: { data: [to("roles", "5")] } },
  }
  const worker = { type: "workers", id, attributes: { firstName: "Swept" }, relationships: { user: { data: account } } }
  await owner.ask("POST", "/v1/workers", { body: { data: worker } })
  await owner.ask("PATCH", `/v1/worker/${id}`, { body: document({ type: "workers", id, attributes: { lastName: "Gone" } }) })
  const off = { type: "workers", id, relationships: { users: { data: { type: "users", id: user, attributes: { status: "off" } } } } }
  await owner.ask("PATCH", "/v1/workers", { body: { data: off } })
  await owner.ask("DELETE", "/v1/workers", { body: { data: [to("workers", id)] } })
  const session = { type: "sessions", attributes: { refreshToken: owner.refreshToken } }
  const renewed = await client.call("PATCH", "/v1/sessions", { body: { data: session } })
  if (renewed.status !== 200) throw new Error(`The session could not be renewed: ${renewed.status}`)
}

function idOf(answer: unknown): string {
  const data = typeof answer === "object" && answer !== null && "data" in answer ? answer.data : undefined
  const first: unknown = Array.isArray(data) ? data[0] : data
  if (typeof first === "object" && first !== null && "id" in first) return String(first.id)
  throw new Error(`The answer names no id: ${JSON.stringify(answer)}`)
}

// A shop before its first day: stores, workers with their sessions, the assortment with prices and recipes, suppliers, reasons, groups of customers.
// Called by the season.
import type { Random } from "../random.ts"
import { cashReasons, categories, discountReasons, goods, orderSources, recipes, suppliers, writeOffReasons } from "./assortment.ts"
import type { Goods } from "./assortment.ts"
import { ShopClient } from "./client.ts"
import type { ShopClientOptions } from "./client.ts"
import { demoPassword, employees, ownerName, storeTitles } from "./people.ts"
import type { Employee } from "./people.ts"
import { document, resource, to } from "./wire.ts"

export interface Member {
  id: string
  client: ShopClient
}

/** Who works in a store, and its register. */
export interface Crew {
  store: string
  title: string
  register: string
  florist: Member
  cashier: Member
}

export interface Item extends Goods {
  id: string
}

export interface MadeRecipe {
  id: string
  title: string
  /** Roubles. */
  price: number
  parts: readonly { item: string; quantity: number }[]
}

export interface Furnished {
  owner: Member
  manager: Member
  courier: Member
  crews: readonly Crew[]
  items: ReadonlyMap<string, Item>
  recipes: readonly MadeRecipe[]
  /** Ids by title. */
  suppliers: ReadonlyMap<string, string>
  writeOffReasons: ReadonlyMap<string, string>
  discountReasons: ReadonlyMap<string, string>
  orderSources: ReadonlyMap<string, string>
  cashReasons: ReadonlyMap<string, string>
  /** Payment methods' ids by kind: cash, card, bonus, gift_card, qr. */
  methods: ReadonlyMap<string, string>
  /** Small numbers of loyalty's groups. */
  bonusGroup: string
  discountGroup: string
  customerSources: readonly string[]
}

export interface Furnishing {
  client: ShopClientOptions
  random: Random
  newId: (at: Date) => string
  /** The season's first morning. */
  at: Date
  firstStore: string
  ownerId: string
  ownerPassword: string
  /** Behind each user name, where several shops are played: "" or ".2". */
  nameSuffix: string
}

export async function furnish(work: Furnishing): Promise<Furnished> {
  const ownerClient = await ShopClient.signIn(work.client, `${ownerName}${work.nameSuffix}`, work.ownerPassword)
  const owner = { id: work.ownerId, client: ownerClient }
  const stores = [work.firstStore, await secondStore(work, ownerClient)]
  const team = await hire(work, ownerClient, stores)
  const manager = memberOf(team, "marina")
  const [assortment, lists] = await Promise.all([stockUp(work, manager.client), keepLists(work, manager.client)])
  const registers = await Promise.all(stores.map((store, index) => addRegister(work, manager.client, store, storeTitles[index] ?? "")))
  const [first = "", second = ""] = registers
  return {
    owner,
    manager,
    courier: memberOf(team, "timur"),
    crews: [
      { store: stores[0] ?? "", title: storeTitles[0], register: first, florist: memberOf(team, "faina"), cashier: memberOf(team, "kira") },
      {
        store: stores[1] ?? "",
        title: storeTitles[1],
        register: second,
        florist: memberOf(team, "fedor"),
        cashier: memberOf(team, "klim"),
      },
    ],
    ...assortment,
    ...lists,
  }
}

function memberOf(team: ReadonlyMap<string, Member>, username: string): Member {
  const member = team.get(username)
  if (member === undefined) throw new Error(`Nobody is called ${username}.`)
  return member
}

async function secondStore({ newId, at }: Furnishing, owner: ShopClient): Promise<string> {
  const attributes = { title: storeTitles[1], addressCity: "Tver", address: "Kominterna 18" }
  return (await owner.send("POST", "/v1/stores", document({ type: "stores", id: newId(at), attributes }))).id
}

async function hire(work: Furnishing, owner: ShopClient, stores: readonly string[]): Promise<Map<string, Member>> {
  const roles = new Map((await owner.list("/v1/roles")).map(({ id, attributes }) => [attributes.code, id]))
  const positions = new Map<string, string>()
  for (const title of new Set(employees.map(({ position }) => position))) {
    const position = document({ type: "positions", id: work.newId(work.at), attributes: { title } })
    positions.set(title, (await owner.send("POST", "/v1/positions", position)).id)
  }
  const team = new Map<string, Member>()
  for (const employee of employees) {
    const id = work.newId(work.at)
    await owner.send("POST", "/v1/workers", workerDocument(employee, { work, id, roles, positions, stores }))
    team.set(employee.username, {
      id,
      client: await ShopClient.signIn(work.client, `${employee.username}${work.nameSuffix}`, demoPassword),
    })
  }
  return team
}

interface Hiring {
  work: Furnishing
  id: string
  roles: ReadonlyMap<unknown, string>
  positions: ReadonlyMap<string, string>
  stores: readonly string[]
}

function workerDocument(employee: Employee, { work, id, roles, positions, stores }: Hiring): object {
  const { username, role, firstName, lastName, salary, position, store } = employee
  const login = `${username}${work.nameSuffix}`
  const user = {
    ...resource({ type: "users", id: work.newId(work.at), attributes: { login, password: demoPassword, status: "on" } }),
    relationships: { roles: { data: [to("roles", roles.get(role) ?? "")] } },
  }
  return {
    data: {
      type: "workers",
      id,
      attributes: { firstName, lastName, countryCode: "7", phone: "9001234567", salary, salaryPeriod: "hour" },
      relationships: {
        position: { data: to("positions", positions.get(position) ?? "") },
        stores: { data: store === undefined ? [] : [to("stores", stores[store] ?? "")] },
        user: { data: user },
      },
    },
  }
}

async function stockUp({ newId, at }: Furnishing, manager: ShopClient): Promise<Pick<Furnished, "items" | "recipes" | "suppliers">> {
  const categoryIds = new Map<string, string>()
  for (const title of categories) {
    const category = document({ type: "categories", id: newId(at), attributes: { title, status: "on" } })
    await manager.ask("POST", "/v1/categories", { body: category })
    categoryIds.set(title, categoryIdIn(category))
  }
  const items = new Map<string, Item>()
  await Promise.all(
    goods.map(async (each) => {
      const id = newId(at)
      items.set(each.key, { ...each, id })
      const attributes = {
        title: each.title,
        itemType: "item",
        fractional: each.title.endsWith("metre"),
        public: true,
        freshForDays: each.fresh,
        minimumBalance: each.minimum,
      }
      const category = to("categories", categoryIds.get(each.category) ?? "")
      await manager.ask("POST", "/v1/inventory-items", {
        body: document({ type: "inventory-items", id, attributes, relations: { category } }),
      })
      const price = document({
        type: "prices",
        attributes: { price: each.price, status: "on", occurredAt: at.toISOString() },
        relations: { store: null },
      })
      await manager.ask("POST", `/v1/inventory-items/${id}/prices`, { body: price })
    }),
  )
  const made: MadeRecipe[] = []
  for (const { title, price, parts } of recipes) {
    const lines = parts.map(([key, quantity]) => ({ item: items.get(key)?.id ?? "", quantity }))
    const attributes = { title, saleAmount: price, lines: lines.map(({ item, quantity }) => ({ itemId: item, qty: quantity })) }
    const id = newId(at)
    await manager.send("POST", "/v1/recipes", document({ type: "recipes", id, attributes }))
    made.push({ id, title, price, parts: lines })
  }
  const supplierIds = new Map<string, string>()
  for (const { title, deliveryDays } of suppliers) {
    const supplier = document({ type: "suppliers", id: newId(at), attributes: { title, deliveryDays } })
    supplierIds.set(title, (await manager.send("POST", "/v1/suppliers", supplier)).id)
  }
  return { items, recipes: made, suppliers: supplierIds }
}

const categoryIdIn = ({ data }: { data: object }): string => ("id" in data ? String(data.id) : "")

type Lists = Omit<Furnished, "owner" | "manager" | "courier" | "crews" | "items" | "recipes" | "suppliers">

async function keepLists({ newId, at }: Furnishing, manager: ShopClient): Promise<Lists> {
  const listOf = async (path: string, type: string, entries: readonly { title: string }[]): Promise<Map<string, string>> => {
    const made = new Map<string, string>()
    for (const attributes of entries) {
      const entry = document({ type, id: newId(at), attributes })
      made.set(attributes.title, (await manager.send("POST", path, entry)).id)
    }
    return made
  }
  const sources = orderSources.map((title) => ({ title, id: newId(at) }))
  const sourceEntries = sources.map(({ title, id }) => resource({ type: "order-sources", id, attributes: { title, hidden: false } }))
  await manager.ask("POST", "/v1/order-sources", { body: { data: sourceEntries } })
  const methods = await manager.list("/v1/payment-methods")
  const group = { private: false, status: "on" }
  const bonus = { title: "Guests", bonusRate: 5, limit: 30, entryAmount: 0, ...group }
  const discount = { title: "Florists' friends", discount: 7, entryAmount: null, ...group, private: true }
  const customerSources: string[] = []
  for (const title of ["Passer-by", "Recommendation", "Map on the telephone"]) {
    customerSources.push(
      (await manager.send("POST", "/v1/customer-sources", document({ type: "customer-sources", attributes: { title } }))).id,
    )
  }
  return {
    writeOffReasons: await listOf(
      "/v1/write-off-reasons",
      "write-off-reasons",
      writeOffReasons.map((title) => ({ title })),
    ),
    discountReasons: await listOf(
      "/v1/discount-reasons",
      "discount-reasons",
      discountReasons.map((title) => ({ title, discountType: "discount" })),
    ),
    cashReasons: await listOf("/v1/cash-reasons", "cash-reasons", cashReasons),
    orderSources: new Map(sources.map(({ title, id }) => [title, id])),
    methods: new Map(methods.map(({ id, attributes }) => [String(attributes.kind), id])),
    bonusGroup: (await manager.send("POST", "/v1/bonus-groups", document({ type: "bonus-groups", attributes: bonus }))).id,
    discountGroup: (await manager.send("POST", "/v1/discount-groups", document({ type: "discount-groups", attributes: discount }))).id,
    customerSources,
  }
}

async function addRegister({ newId, at }: Furnishing, manager: ShopClient, store: string, title: string): Promise<string> {
  const register = document({
    type: "registers",
    id: newId(at),
    attributes: { title: `Register of ${title}` },
    relations: { store: to("stores", store) },
  })
  return (await manager.send("POST", "/v1/registers", register)).id
}

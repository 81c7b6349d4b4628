// The shop that the demo's other shops are copies of: opened and furnished through the first version itself, so that every service has what it needs of it.
// Its ids are known, and the same in every shop, so that traffic can name things without asking first. Called by the demo's seed and its traffic.
import { Tokens } from "@florist/kit/session"
import { PooledDatabase } from "@florist/kit/database"
import { openFleet } from "@florist/kit/fleet"
import { openShop } from "../../florist/staff/src/open-shop.ts"

/** Signs every session of the demo. A platform of one's own has a secret of its own. */
export const demoSecret = "the demo of the conveyor carries flowers, and signs its sessions with this"

const id = (n: number) => `01990000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`

export const store = id(1)
export const owner = id(2)
const category = id(3)
export const customer = id(4)
export const items = [
  { id: id(10), title: "25 red roses", price: 4_990 },
  { id: id(11), title: "Spring bouquet", price: 3_450 },
  { id: id(12), title: "Peonies, 9 stems", price: 5_200 },
  { id: id(13), title: "Tulips, 15 stems", price: 2_100 },
  { id: id(14), title: "Mimosa branch", price: 350 },
  { id: id(15), title: "White rose", price: 220 },
  { id: id(16), title: "Iris", price: 180 },
  { id: id(17), title: "Orchid in a pot", price: 2_800 },
  { id: id(18), title: "Lavender in a pot", price: 1_150 },
  { id: id(19), title: "Greeting card", price: 120 },
] as const

const jsonApi = "application/vnd.api+json"
const dayS = 86_400

/** The owner's session in each shop from 1 to `shops`, at its index. */
export async function ownersSessions(shops: number): Promise<string[]> {
  const tokens = new Tokens(demoSecret)
  const now = new Date()
  const all = Array.from({ length: shops }, (_, n) => tokens.issue({ shop: n + 1, worker: owner, role: "owner" }, { now, livesFor: dayS }))
  return ["", ...(await Promise.all(all))]
}

export interface Furnishing {
  /** Where the first version answers. */
  edge: string
  directoryUrl: string
  shop: number
  shard: string
  name: string
  city: string
  signal: AbortSignal
}

export async function furnishShop({ edge, directoryUrl, shop, shard, name, city, signal }: Furnishing): Promise<void> {
  const directory = new PooledDatabase({ name: "The directory", url: directoryUrl, size: 1 })
  const fleet = openFleet({ service: "staff", directoryUrl, poolSize: 1 })
  try {
    const credentials = {
      id: owner,
      userId: id(5),
      firstName: "Anna",
      lastName: "Orlova",
      username: `owner.${shop}`,
      password: "flowers every day",
    }
    await openShop(
      { directory, fleet, now: new Date() },
      { id: shop, shard, name, city, store: { id: store, title: name }, owner: credentials },
    )
  } finally {
    await Promise.all([fleet.close(), directory.close()])
  }

  const session = (await ownersSessions(shop))[shop] ?? ""
  const post = async (path: string, data: object) => {
    const answer = await fetch(new URL(path, edge), {
      method: "POST",
      headers: { authorization: `Bearer ${session}`, "content-type": jsonApi },
      body: JSON.stringify({ data }),
      signal,
    })
    if (!answer.ok) throw new Error(`POST ${path} was answered ${answer.status}: ${(await answer.text()).slice(0, 500)}`)
  }
  await post("/api/v1/categories", { type: "categories", id: category, attributes: { title: "Flowers", status: "on" } })
  for (const { id, title, price } of items) {
    const relationships = { category: { data: { type: "categories", id: category } } }
    await post("/api/v1/inventory-items", {
      type: "inventory-items",
      id,
      attributes: { title, itemType: "item", fractional: false, public: true },
      relationships,
    })
    await post(`/api/v1/inventory-items/${id}/prices`, {
      type: "inventory-item-prices",
      attributes: { price, status: "on" },
      relationships: { store: { data: { type: "stores", id: store } } },
    })
  }
  await post("/api/v1/customers", { type: "customers", id: customer, attributes: { title: "Maria", phone: "9268693654", countryCode: 7 } })
}

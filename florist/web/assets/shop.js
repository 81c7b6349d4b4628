// What the register knows of its shop: stores, registers, the open shift, goods with prices and balances, bouquets on the showcase, reasons. Read when the page opens
// and again on demand; the last state is kept, so that selling goes on without a network. Called by every view.
import { all, ask, related, session } from "./api.js"
import { keep, keepIfPossible, kept } from "./keep.js"
import { kopecksOf, thousandthsOf } from "./money.js"

const mostGoods = 2_000

const listeners = []
let known
export const onShop = (listener) => listeners.push(listener)
const tell = () => {
  for (const listener of listeners) listener()
}

const nothing = {
  stores: [],
  registers: [],
  goods: [],
  isWhole: true,
  categories: [],
  bouquets: [],
  balances: {},
  methods: {},
  discountReasons: [],
  shift: undefined,
  source: undefined,
}
const byTitle = (a, b) => a.title.localeCompare(b.title)
const keptAs = () => `shop/${session().shop}`

export const shop = () => known ?? nothing

/** The store that this device stands in. */
export const store = () => {
  const { stores } = shop()
  return stores.find(({ id }) => id === kept("store")) ?? stores[0]
}

export const register = () => shop().registers.find(({ storeId }) => storeId === store()?.id)

export async function chooseStore(id) {
  keep("store", id)
  await load()
}

export const openKept = () => {
  known = kept(keptAs())
}

/** @throws Problem; what was known stays. */
export async function load() {
  const who = session()
  const stores = (await all("/v1/stores")).data
    .filter(({ id }) => who.stores === undefined || who.stores.length === 0 || who.stores.includes(id))
    .map(({ id, attributes }) => ({
      id,
      title: attributes.title,
      address: [attributes.addressCity, attributes.address].filter(Boolean).join(", "),
    }))
  known = { ...shop(), stores }
  const here = store()?.id
  const [items, categories, balances, bouquets, registers, methods, reasons, sources] = await Promise.all([
    all("/v1/inventory-items", {}, mostGoods),
    all("/v1/categories"),
    all("/v1/stock/balances", { "filter[stores]": here, "filter[present]": true }, mostGoods),
    all("/v1/bouquets", { "filter[status]": "demonstrated", "filter[stores]": here }),
    all("/v1/registers", { "filter[store]": here }),
    ask("/v1/payment-methods"),
    all("/v1/discount-reasons"),
    all("/v1/order-sources"),
  ])
  const prices = await pricesHere(items.data, here)
  known = {
    ...known,
    goods: items.data.map((item) => goodsOf(item, prices)).toSorted(byTitle),
    isWhole: items.isWhole,
    categories: categories.data.map(({ id, attributes }) => ({ id, title: attributes.title })).toSorted(byTitle),
    balances: Object.fromEntries(balances.data.map((balance) => [related(balance, "item"), thousandthsOf(balance.attributes.qty)])),
    bouquets: bouquets.data.map(bouquetOf),
    registers: registers.data.map((each) => ({ id: each.id, title: each.attributes.title, storeId: related(each, "store") })),
    methods: Object.fromEntries(methods.data.map(({ id, attributes }) => [attributes.kind, id])),
    discountReasons: reasons.data
      .filter(({ attributes }) => attributes.discountType === "discount")
      .map(({ id, attributes }) => ({ id, title: attributes.title })),
    source: (sources.data.find(({ attributes }) => /shop|магазин/i.test(attributes.title)) ?? sources.data[0])?.id,
  }
  await loadShift()
}

export async function loadShift() {
  const here = register()
  const shifts =
    here === undefined ? { data: [] } : await ask("/v1/shifts", { query: { "filter[register]": here.id, "filter[status]": "open" } })
  known = { ...shop(), shift: shifts.data[0] }
  keepIfPossible(keptAs(), known)
  tell()
}

/** After a sale: what is left on the shelf, and what stands on the showcase. */
export async function loadShelf() {
  const here = store()?.id
  const [balances, bouquets] = await Promise.all([
    all("/v1/stock/balances", { "filter[stores]": here, "filter[present]": true }, mostGoods),
    all("/v1/bouquets", { "filter[status]": "demonstrated", "filter[stores]": here }),
  ])
  known = {
    ...shop(),
    balances: Object.fromEntries(balances.data.map((balance) => [related(balance, "item"), thousandthsOf(balance.attributes.qty)])),
    bouquets: bouquets.data.map(bouquetOf),
  }
  keepIfPossible(keptAs(), known)
  tell()
}

/** Of a shop with more goods than are kept here. @throws Problem */
export async function findGoods(search) {
  const { data } = await ask("/v1/inventory-items", { query: { search, "page[size]": 60 } })
  return data.map((item) => goodsOf(item, new Map()))
}

/** Where stores have prices of their own, the item says a range. */
async function pricesHere(items, here) {
  const differing = items.filter(({ attributes }) => attributes.priceMin !== attributes.priceMax)
  const found = await Promise.all(
    differing.map(async ({ id }) => {
      const { data } = await ask(`/v1/inventory-items/${id}/prices`)
      const on = data.filter(({ attributes }) => attributes.status === "on")
      const price = on.find((each) => related(each, "store") === here) ?? on.find((each) => related(each, "store") === undefined)
      return [id, price?.attributes.price]
    }),
  )
  return new Map(found)
}

const goodsOf = (item, prices) => ({
  kind: "item",
  id: item.id,
  title: item.attributes.title,
  price: kopecksOf(prices.get(item.id) ?? item.attributes.priceMin),
  category: related(item, "category"),
  isFractional: item.attributes.fractional,
  isService: item.attributes.itemType === "service",
})

const bouquetOf = ({ id, attributes }) => ({
  kind: "bouquet",
  id,
  title: attributes.title || `Bouquet ${attributes.docNo}`,
  docNo: attributes.docNo,
  price: kopecksOf(attributes.saleAmount),
  onWindowAt: attributes.onWindowAt,
})

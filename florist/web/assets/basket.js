// What the customer takes, with a discount and who the customer is. A reload of the page loses nothing of it.
import { session } from "./api.js"
import { keep, kept } from "./keep.js"
import { percentOf, timesPrice } from "./money.js"

const nothing = { lines: [], discount: undefined, customer: undefined }
const one = 1_000

const listeners = []
const name = () => `basket/${session().shop}`

export const onBasket = (listener) => listeners.push(listener)
export const basket = () => kept(name()) ?? nothing

function become(next) {
  keep(name(), next)
  for (const listener of listeners) listener()
}

/** A bouquet is there once. */
export function add(goods) {
  const { lines, ...others } = basket()
  const isThere = lines.some(({ goods: { id } }) => id === goods.id)
  if (isThere && goods.kind === "bouquet") return
  become({
    ...others,
    lines: isThere
      ? lines.map((line) => (line.goods.id === goods.id ? { ...line, qty: line.qty + one } : line))
      : [...lines, { goods, qty: one }],
  })
}

/** @param qty thousandths; nothing of it at 0 */
export function setQuantity(id, qty) {
  const { lines, ...others } = basket()
  become({ ...others, lines: lines.flatMap((line) => (line.goods.id === id ? (qty > 0 ? [{ ...line, qty }] : []) : [line])) })
}

/** @param discount { rate } in hundredths of a per cent or { amount } in kopecks, and { reason: { id, title } }; undefined for none */
export const setDiscount = (discount) => become({ ...basket(), discount })
export const setCustomer = (customer) => become({ ...basket(), customer })
export const clear = () => become(nothing)
export const restore = (before) => become(before)

export const lineTotal = ({ goods, qty }) => timesPrice(qty, goods.price)

/** As the service computes it: the discount is of all lines together. */
export function totals({ lines, discount } = basket()) {
  const amount = lines.reduce((sum, line) => sum + lineTotal(line), 0)
  const off =
    discount === undefined ? 0 : Math.min(amount, discount.rate === undefined ? discount.amount : percentOf(amount, discount.rate))
  return { amount, off, total: amount - off }
}

// Stock: what lies in the store with what withers first, writing off with a reason, receiving against a purchase order. Called by the page.
import { all, ask, related, session, to } from "./api.js"
import { button, element, empty, field, input, problemText, select } from "./element.js"
import { kopecksOf, roubles, thousandthsOf, toRoubles, toUnits, typedKopecks, typedThousandths, units } from "./money.js"
import { may } from "./role.js"
import { openForm, say } from "./sheet.js"
import { loadShelf, shop, store } from "./shop.js"

const soonMs = 2 * 86_400_000

export function stockView() {
  const body = element("div", { className: "page" }, empty("Reading the stock…"))
  void show()
  return body

  async function show() {
    const here = store()?.id
    const handles = may(session(), "handleStock")
    try {
      const [balances, purchases] = await Promise.all([
        all("/v1/stock/balances", { "filter[stores]": here, "filter[present]": true }),
        handles ? all("/v1/purchase-orders", { "filter[stores]": here, "filter[status]": "ordered,partially-received" }) : { data: [] },
      ])
      const rows = balances.data.map(balanceOf).toSorted((a, b) => a.until - b.until || a.title.localeCompare(b.title))
      body.replaceChildren(
        element(
          "header",
          { className: "page-head" },
          element("h1", {}, "Stock"),
          button("Read again", () => void show()),
        ),
        ...(purchases.data.length === 0
          ? []
          : [
              element("h2", {}, "To be received"),
              element(
                "ul",
                { className: "rows" },
                purchases.data.map((each) => purchaseRow(each, show)),
              ),
            ]),
        element("h2", {}, "On the shelf, what withers first"),
        element(
          "ul",
          { className: "rows" },
          rows.length === 0 ? empty("Nothing lies here.") : rows.map((row) => balanceRow(row, handles ? show : undefined)),
        ),
      )
    } catch (thrown) {
      body.replaceChildren(
        problemText(thrown),
        button("Read again", () => void show()),
      )
    }
  }
}

const titleOf = (id) => shop().goods.find((goods) => goods.id === id)?.title ?? "An item that is sold no more"

function balanceOf(balance) {
  const item = related(balance, "item")
  const { qty, freshUntil } = balance.attributes
  return {
    item,
    title: titleOf(item),
    qty: thousandthsOf(qty),
    until: freshUntil === null ? Number.POSITIVE_INFINITY : Date.parse(freshUntil),
  }
}

function balanceRow({ item, title, qty, until }, onChange) {
  const day = Number.isFinite(until) ? new Date(until).toLocaleDateString("ru-RU", { day: "2-digit", month: "2-digit" }) : ""
  const isSoon = until - Date.now() < soonMs
  const words = day === "" ? "" : until < Date.now() ? `Withered on ${day}` : `Fresh until ${day}`
  return element(
    "li",
    { className: "row" },
    element("span", {}, element("strong", {}, title), " ", element("span", { className: "quiet" }, units(qty))),
    words === "" ? element("span", {}) : element("span", { className: isSoon ? "badge soon" : "quiet" }, words),
    onChange === undefined
      ? element("span", {})
      : button("Write off", () => void writeOff({ item, title, qty }, onChange), { ariaLabel: `Write off ${title}` }),
  )
}

async function writeOff({ item, title, qty }, onChange) {
  const reasons = (await all("/v1/write-off-reasons").catch(() => ({ data: [] }))).data
  const amount = input({ name: "qty", inputMode: "decimal", value: units(qty > 0 ? qty : 1_000) })
  const reason = select(
    reasons.map(({ id, attributes }) => [id, attributes.title]),
    { name: "reason" },
  )
  const fields = [element("p", {}, title), field(`How much of ${units(qty)}`, amount), reasons.length === 0 ? "" : field("Reason", reason)]
  openForm("Write off", fields, "Write off", async (_form, key) => {
    const value = typedThousandths(amount.value)
    if (value === undefined || value === 0) throw new Error("Type a quantity above 0.")
    const line = { type: "write-off-lines", attributes: { qty: toUnits(value) }, relationships: { item: to("inventory-items", item) } }
    const data = {
      type: "write-offs",
      attributes: { posted: true, withExpired: true },
      relationships: {
        store: to("stores", store().id),
        ...(reasons.length === 0 ? {} : { reason: to("write-off-reasons", reason.value) }),
        lines: { data: [line] },
      },
    }
    await ask("/v1/write-offs", { method: "POST", key, body: { data } })
    say("Written off.")
    void loadShelf().catch(() => {})
    onChange()
  })
}

function purchaseRow({ id, attributes: { docNo, amount, expectedOn } }, onChange) {
  return element(
    "li",
    { className: "row" },
    element(
      "span",
      {},
      element("strong", {}, docNo),
      " ",
      element("span", { className: "quiet" }, expectedOn === null ? "" : `expected on ${expectedOn}`),
    ),
    element("span", { className: "sum" }, roubles(kopecksOf(amount))),
    button("Receive", () => void receive(id, onChange), { ariaLabel: `Receive ${docNo}` }),
  )
}

async function receive(id, onChange) {
  let order
  try {
    order = (await ask(`/v1/purchase-orders/${id}`)).data
  } catch (thrown) {
    return say(thrown.message)
  }
  const lines = order.attributes.lines
    .map((line) => ({ ...line, left: thousandthsOf(line.qty) - thousandthsOf(line.receivedQty) }))
    .filter(({ left }) => left > 0)
    .map((line) => ({
      item: line.itemId,
      qty: input({ name: `qty-${line.itemId}`, id: `qty-${line.itemId}`, inputMode: "decimal", value: units(line.left) }),
      price: input({
        name: `price-${line.itemId}`,
        id: `price-${line.itemId}`,
        inputMode: "decimal",
        value: toRoubles(kopecksOf(line.price)).replace(".", ","),
      }),
      spoilt: input({ name: `spoilt-${line.itemId}`, id: `spoilt-${line.itemId}`, inputMode: "decimal", value: "0" }),
    }))
  const rows = lines.map(({ item, qty, price, spoilt }) =>
    element(
      "fieldset",
      { className: "facts card" },
      element("legend", {}, titleOf(item)),
      field("Came", qty),
      field("of that spoilt", spoilt),
      field("Price", price),
    ),
  )
  const invoice = input({ name: "invoice", maxLength: 100 })
  openForm(`Receive ${order.attributes.docNo}`, [...rows, field("Supplier's invoice", invoice)], "Receive", async (_form, key) => {
    const came = lines.map(({ item, qty, price, spoilt }) => ({
      item,
      qty: typedThousandths(qty.value),
      price: typedKopecks(price.value),
      spoilt: typedThousandths(spoilt.value),
    }))
    const wrong = came.find(({ qty, price, spoilt }) => qty === undefined || price === undefined || spoilt === undefined || spoilt > qty)
    if (wrong !== undefined) throw new Error(`${titleOf(wrong.item)}: look at its numbers again.`)
    const data = {
      type: "receipts",
      attributes: { posted: true, invoiceNo: invoice.value.trim() },
      relationships: {
        store: to("stores", store().id),
        supplier: order.relationships.supplier,
        purchaseOrder: to("purchase-orders", id),
        lines: {
          data: came
            .filter(({ qty }) => qty > 0)
            .map(({ item, qty, price, spoilt }) => ({
              type: "receipt-lines",
              attributes: { qty: toUnits(qty), price: toRoubles(price), defectQty: toUnits(spoilt) },
              relationships: { item: to("inventory-items", item) },
            })),
        },
      },
    }
    await ask("/v1/receipts", { method: "POST", key, body: { data } })
    say("Received.")
    void loadShelf().catch(() => {})
    onChange()
  })
}

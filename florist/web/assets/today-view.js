// Today in this store: revenue, the average order, and what came in by each method. Called by the page.
import { ask } from "./api.js"
import { button, element, empty, problemText } from "./element.js"
import { kopecksOf, roubles } from "./money.js"
import { methodLabel } from "./sale.js"
import { shop, store } from "./shop.js"

export function todayView() {
  const body = element("div", { className: "page" }, empty("Reading the figures…"))
  void show()
  return body

  async function show() {
    const here = store()?.id
    try {
      if (here === undefined) throw new Error("The store is not known yet; read again in a moment.")
      const [general, payments] = await Promise.all([
        ask(`/v1/stores/${here}/stats`, { query: { "filter[range]": "day" } }),
        ask(`/v1/stores/${here}/stats-payments`, { query: { "filter[range]": "day" } }),
      ])
      const { attributes } = general.data
      body.replaceChildren(
        head(),
        element(
          "section",
          { className: "card" },
          element(
            "dl",
            { className: "facts" },
            fact("Revenue", roubles(kopecksOf(attributes.revenue))),
            fact("Orders", String(attributes.ordersQty)),
            fact("Average order", roubles(kopecksOf(attributes.avgOrderSum))),
            fact("Returned", roubles(kopecksOf(attributes.ordersReturnedAmount))),
            fact("Discounts", roubles(kopecksOf(attributes.discountAmount))),
          ),
        ),
        element("h2", {}, "By method"),
        element("ul", { className: "rows" }, methodRows(payments.data)),
        element("p", { className: "quiet" }, countedAt(general.meta)),
      )
    } catch (thrown) {
      body.replaceChildren(head(), problemText(thrown))
    }
  }

  function head() {
    return element(
      "header",
      { className: "page-head" },
      element("h1", {}, "Today"),
      button("Read again", () => void show()),
    )
  }
}

const fact = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value))

function methodRows(payments) {
  const sums = payments.map(({ attributes, relationships }) => ({
    kind: kindOf(relationships.paymentMethod?.data?.id),
    amount: kopecksOf(attributes.amount),
  }))
  const most = Math.max(1, ...sums.map(({ amount }) => amount))
  if (sums.length === 0) return empty("Nothing came in yet.")
  return sums
    .toSorted((a, b) => b.amount - a.amount)
    .map(({ kind, amount }) => {
      const bar = element("span", { className: "bar", ariaHidden: "true" })
      bar.style.width = `${Math.max(1, Math.round((Math.max(0, amount) * 100) / most))}%`
      return element(
        "li",
        { className: "row" },
        element("span", {}, methodLabel(kind)),
        element("span", {}, bar),
        element("span", { className: "sum" }, roubles(amount)),
      )
    })
}

const kindOf = (id) => Object.entries(shop().methods).find(([, of]) => of === id)?.[0] ?? id

const countedAt = ({ calculatedAt } = {}) =>
  typeof calculatedAt === "string" ? `Counted at ${new Date(calculatedAt).toLocaleTimeString("ru-RU", { timeStyle: "short" })}` : ""

// What the customer takes along: goods, sums, how it was paid. Called by the payment sheet and an order's page.
import { lineTotal, totals } from "./basket.js"
import { element } from "./element.js"
import { roubles, units } from "./money.js"
import { change, methodLabel } from "./sale.js"

export function receipt(job) {
  const { basket, tenders, at, seller, store, total } = job
  const { amount, off } = totals(basket)
  const docNo = job.docNo ?? job.steps.find(({ what }) => what === "order")?.answer?.attributes.docNo ?? ""
  const back = change(job)
  return element(
    "article",
    { className: "receipt", ariaLabel: "Receipt" },
    element("h3", {}, store?.title ?? ""),
    element("p", { className: "quiet" }, store?.address ?? ""),
    element(
      "p",
      { className: "quiet" },
      `No. ${docNo}, ${new Date(at).toLocaleString("ru-RU", { dateStyle: "short", timeStyle: "short" })}, ${seller}`,
    ),
    element(
      "ul",
      {},
      basket.lines.map((line) => row(`${line.goods.title} × ${units(line.qty)}`, lineTotal(line))),
    ),
    off > 0 ? element("ul", {}, [row("Sum", amount), row(`Discount: ${basket.discount.reason?.title ?? ""}`, -off)]) : "",
    element("p", { className: "receipt-total" }, element("span", {}, "Total"), element("output", {}, roubles(total))),
    element(
      "ul",
      {},
      tenders.map((tender) => row(methodLabel(tender.kind), tender.kind === "cash" ? tender.received : tender.amount)),
    ),
    back > 0 ? element("p", { className: "receipt-change" }, element("span", {}, "Change"), element("output", {}, roubles(back))) : "",
    basket.customer === undefined ? "" : element("p", { className: "quiet" }, `Customer: ${basket.customer.title}`),
  )
}

const row = (label, kopecks) => element("li", {}, element("span", {}, label), element("span", { className: "sum" }, roubles(kopecks)))

// The latest payments, live: the stream gives what is there and then what comes. It connects again by itself.
import { element } from "./element.js"
import { roubles } from "./money.js"

const shown = 12
const names = { cash: "Cash", card: "Card", bonus: "Bonus", gift_card: "Gift card", qr: "QR" }
const time = new Intl.DateTimeFormat("ru-RU", { day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit" })

export function showLatest({ shop, list, live }) {
  const payments = new Map()
  const openedAt = new Date().toISOString()
  const stream = new EventSource(`/api/v1/payments/feed?shop=${shop}`)
  stream.addEventListener("open", () => (live.textContent = "live"))
  stream.addEventListener("error", () => (live.textContent = "connecting"))
  stream.addEventListener("payment", ({ data }) => {
    const payment = JSON.parse(data)
    const isNew = !payments.has(payment.id) && payment.occurredAt > openedAt
    payments.set(payment.id, payment)
    const latest = [...payments.values()].sort((a, b) => b.occurredAt.localeCompare(a.occurredAt)).slice(0, shown)
    list.replaceChildren(...latest.map((one) => line(one, { isFresh: isNew && one === payment })))
  })
}

function line(payment, { isFresh }) {
  const how = payment.tenders.map(({ method }) => names[method] ?? method).join(" + ")
  return element(
    "li",
    { className: isFresh ? "fresh" : "" },
    element("time", { dateTime: payment.occurredAt }, time.format(new Date(payment.occurredAt))),
    element("span", { className: "how" }, payment.status === "paid" ? how : `${how}, ${payment.status}`),
    element("span", { className: "price" }, roubles(payment.amount)),
  )
}

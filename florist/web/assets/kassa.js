// The cash register: pick, choose how it is paid, take the payment, see what was paid. This file ties the parts to the page.
import { ask, seenVersion } from "./api.js"
import { openBill } from "./bill.js"
import { element } from "./element.js"
import { showLatest } from "./latest.js"
import { roubles } from "./money.js"
import { openNote } from "./note.js"
import { openTenders } from "./tenders.js"
import { newId } from "./uuid.js"

const byId = (id) => document.getElementById(id)
const shop = Number(new URLSearchParams(location.search).get("shop") ?? 1)

const bill = openBill(shop)
/** A payment that was asked for and not answered, kept through a reload: asking again with the same id cannot pay twice. */
const unanswered = openNote(`unanswered payment of shop ${shop}`)

const tenders = openTenders(byId("tenders"), showPay)
bill.onChange(show)
byId("pay").addEventListener("click", () => void pay())
byId("shop-number").value = shop
seenVersion((version) => (byId("version").textContent = version))
show()
showLatest({ shop, list: byId("latest"), live: byId("live") })
await showGoods()

async function showGoods() {
  try {
    const { shop: here, items } = await ask(`/api/v1/catalog/items?shop=${shop}`)
    byId("shop").textContent = `${here.name}, ${here.city}`
    byId("goods").replaceChildren(...items.map(goodsButton))
  } catch (problem) {
    byId("shop").textContent = `Shop ${shop} cannot be opened`
    byId("goods").replaceChildren(element("p", { className: "empty" }, problem.message))
  }
}

function goodsButton(item) {
  const button = element(
    "button",
    { className: "item", type: "button" },
    picture(item.kind),
    element("span", { className: "name" }, item.name),
    element("span", { className: "price" }, roubles(item.price)),
  )
  button.addEventListener("click", () => bill.add(item))
  return button
}

function picture(kind) {
  const [svg, use] = ["svg", "use"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag))
  use.setAttribute("href", `/assets/kinds.svg#${kind}`)
  svg.setAttribute("aria-hidden", "true")
  svg.append(use)
  return svg
}

function show() {
  const lines = bill.lines()
  byId("bill").replaceChildren(
    ...(lines.length === 0 ? [element("li", { className: "empty" }, "Nothing yet: touch a flower.")] : lines.map(billLine)),
  )
  for (const id of ["total", "total-below"]) byId(id).textContent = roubles(bill.total())
  tenders.ask(bill.total())
  showPay()
}

function billLine({ item, count }) {
  const less = element("button", { type: "button", ariaLabel: `One ${item.name} less` }, "−")
  const more = element("button", { type: "button", ariaLabel: `One ${item.name} more` }, "+")
  less.addEventListener("click", () => bill.remove(item))
  more.addEventListener("click", () => bill.add(item))
  return element(
    "li",
    {},
    element("span", { className: "name" }, item.name),
    element("span", { className: "count" }, less, element("span", {}, String(count)), more),
    element("span", { className: "price" }, roubles(item.price * count)),
  )
}

function showPay() {
  byId("pay").disabled = unanswered.read() === undefined && (bill.total() === 0 || tenders.chosen() === undefined)
  byId("pay").textContent = unanswered.read() === undefined ? "Take payment" : "Ask again"
}

async function pay() {
  const request = unanswered.read() ?? { id: newId(), shop, order: newId(), amount: bill.total(), currency: "RUB", ...tenders.chosen() }
  unanswered.write(request)
  byId("pay").disabled = true
  byId("outcome").textContent = "Taking the payment"
  try {
    const payment = await ask("/api/v1/payments", request)
    unanswered.forget()
    byId("outcome").textContent = `${roubles(payment.amount)} taken.`
    tenders.clear()
    bill.clear()
  } catch (problem) {
    if (problem.isFinal) unanswered.forget()
    byId("outcome").textContent = problem.isFinal ? problem.message : `${problem.message} Asking again is safe: it cannot pay twice.`
  }
  showPay()
}

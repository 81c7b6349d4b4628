// How the bill is paid: by one method or by several, until nothing is left to pay.
import { element } from "./element.js"
import { kopecks, roubles } from "./money.js"

const methods = { cash: "Cash", card: "Card", qr: "QR", bonus: "Bonus", gift_card: "Gift card" }

export function openTenders(place, onChange) {
  let total = 0
  let tenders = []
  const left = () => total - tenders.reduce((sum, { amount }) => sum + amount, 0)

  function become(next) {
    tenders = next
    show()
    onChange()
  }

  function show() {
    place.replaceChildren(
      element("div", { className: "methods", role: "group", ariaLabel: "Pay by" }, ...Object.keys(methods).map(methodButton)),
      element("ul", { className: "tenders" }, ...tenders.map(tenderLine)),
      element("p", { className: left() < 0 ? "left wrong" : "left" }, leftText()),
    )
  }

  function methodButton(method) {
    const button = element("button", { type: "button", disabled: left() <= 0 }, methods[method])
    button.addEventListener("click", () => become([...tenders, { method, amount: left() }]))
    return button
  }

  function tenderLine(tender) {
    const label = methods[tender.method]
    const amount = element("input", { inputMode: "decimal", value: String(tender.amount / 100), ariaLabel: `${label}, roubles` })
    const away = element("button", { type: "button", ariaLabel: `Without ${label}` }, "×")
    amount.addEventListener("change", () =>
      become(tenders.map((other) => (other === tender ? { ...tender, amount: kopecks(amount.value) ?? 0 } : other))),
    )
    away.addEventListener("click", () => become(tenders.filter((other) => other !== tender)))
    return element("li", {}, element("span", { className: "name" }, label), amount, away)
  }

  function leftText() {
    if (total === 0) return ""
    if (left() === 0) return "Nothing left to pay."
    return left() > 0 ? `${roubles(left())} left: choose how it is paid.` : `${roubles(-left())} too much.`
  }

  return {
    /** The bill's total; tenders that were chosen for another total are forgotten. */
    ask(amount) {
      if (amount !== total) tenders = []
      total = amount
      show()
    },
    /** The part of the request that says how it is paid; undefined until that is settled. */
    chosen() {
      const isSettled = tenders.length > 0 && left() === 0 && tenders.every(({ amount }) => amount > 0)
      return isSettled ? { tenders } : undefined
    },
    clear: () => become([]),
  }
}

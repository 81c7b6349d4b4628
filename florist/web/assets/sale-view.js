// The screen that sells: goods by category and search, the showcase, the basket. Called by the page.
import { ask, isOffline } from "./api.js"
import { add, basket, clear, lineTotal, onBasket, setCustomer, setDiscount, setQuantity, totals } from "./basket.js"
import { button, element, empty, field, input, problemText, redraw, select, whenLeft } from "./element.js"
import { roubles, typedHundredths, typedKopecks, typedThousandths, units } from "./money.js"
import { openPay } from "./pay.js"
import { openForm, openSheet } from "./sheet.js"
import { findGoods, onShop, register, shop } from "./shop.js"
import { newId } from "./uuid.js"

const showcase = "showcase"
const mostShown = 300

export function saleView() {
  let chosen = ""
  let found
  const search = input({ type: "search", id: "search", placeholder: "Search", ariaLabel: "Search goods" })
  const categories = element("div", { className: "chips", role: "group", ariaLabel: "Categories" })
  const grid = element("div", { className: "grid", id: "goods" })
  const lines = element("ul", { className: "lines" })
  const about = element("div", { className: "about" })
  const total = element("output", { id: "total" })
  const off = element("p", { className: "off" })
  const pay = button("Pay", () => openPay(totals().total), { className: "main", id: "pay" })
  const toBasket = element("a", { className: "to-basket", href: "#basket" })
  const side = element(
    "section",
    { className: "basket", id: "basket", tabIndex: -1, ariaLabel: "Basket" },
    element(
      "header",
      {},
      element("h2", {}, "Basket"),
      button("Empty it", () => clear(), { className: "plain", id: "empty" }),
    ),
    lines,
    about,
    element("footer", {}, off, element("p", { className: "total" }, element("span", {}, "Total"), total), pay),
  )
  const view = element(
    "div",
    { className: "sale" },
    element(
      "section",
      { className: "goods", ariaLabel: "Goods" },
      element("div", { className: "search" }, search),
      categories,
      grid,
      toBasket,
    ),
    side,
  )
  toBasket.addEventListener("click", (event) => {
    event.preventDefault()
    side.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" })
    side.focus({ preventScroll: true })
  })
  search.addEventListener("input", () => {
    found = undefined
    showGoods()
    if (!shop().isWhole && !isOffline() && search.value.trim().length > 1) void askForGoods(search.value)
  })
  onShop(showAll)
  onBasket(showBasket)
  showAll()
  return view

  function showAll() {
    showCategories()
    showGoods()
    showBasket()
  }

  async function askForGoods(text) {
    const answer = await findGoods(text).catch(() => undefined)
    if (text !== search.value) return
    found = answer
    showGoods()
  }

  function showCategories() {
    const { goods, bouquets } = shop()
    const used = new Set(goods.map(({ category }) => category))
    const all = [
      { id: "", title: "All" },
      ...(bouquets.length > 0 ? [{ id: showcase, title: "Showcase" }] : []),
      ...shop().categories.filter(({ id }) => used.has(id)),
    ]
    if (!all.some(({ id }) => id === chosen)) chosen = ""
    redraw(
      categories,
      ...all.map(({ id, title }) =>
        button(title, () => choose(id), { className: "chip", data: { key: id }, ariaPressed: String(id === chosen) }),
      ),
    )
  }

  function choose(id) {
    chosen = id
    showCategories()
    showGoods()
  }

  function showGoods() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean)
    const { goods, bouquets } = shop()
    const isFound = ({ title }) => words.every((word) => title.toLowerCase().includes(word))
    const shown = [...bouquets, ...(found ?? goods)].filter(
      (each) =>
        (chosen === "" || (chosen === showcase ? each.kind === "bouquet" : each.category === chosen)) &&
        (found?.includes(each) || isFound(each)),
    )
    grid.replaceChildren(
      ...(shown.length === 0
        ? [empty(goods.length === 0 ? "The goods come up as soon as they are read." : "Nothing is called so.")]
        : shown.slice(0, mostShown).map(tile)),
    )
  }

  function tile(goods) {
    const left = shop().balances[goods.id]
    const rest =
      goods.kind === "bouquet"
        ? "On the showcase"
        : goods.isService
          ? ""
          : left === undefined || left <= 0
            ? "None left"
            : `${units(left)} left`
    return element(
      "button",
      { type: "button", className: `tile ${goods.kind}`, on: { click: () => add(goods) } },
      element("span", { className: "name" }, goods.title),
      element("span", { className: left === undefined && goods.kind === "item" && !goods.isService ? "rest none" : "rest" }, rest),
      element("span", { className: "price" }, roubles(goods.price)),
    )
  }

  function showBasket() {
    const now = basket()
    const sums = totals(now)
    const count = now.lines.length
    redraw(lines, ...(count === 0 ? [element("li", { className: "empty" }, "Nothing yet: touch a flower.")] : now.lines.map(lineItem)))
    about.replaceChildren(...aboutRows(now))
    total.textContent = roubles(sums.total)
    off.textContent = sums.off > 0 ? `Discount −${roubles(sums.off)}` : ""
    const needsShift = register() !== undefined && shop().shift === undefined
    pay.disabled = count === 0 || needsShift
    pay.textContent = needsShift ? "Open the shift first" : `Pay ${roubles(sums.total)}`
    view.querySelector("#empty").hidden = count === 0
    toBasket.replaceChildren(element("span", {}, count === 0 ? "Basket" : `Basket, ${count}`), element("span", {}, roubles(sums.total)))
  }

  function lineItem(line) {
    const { goods, qty } = line
    const typed = input({
      inputMode: "decimal",
      value: units(qty),
      ariaLabel: `Quantity of ${goods.title}`,
      className: "quantity",
      data: { key: goods.id },
    })
    typed.disabled = goods.kind === "bouquet"
    typed.addEventListener("change", () => {
      const value = typedThousandths(typed.value)
      whenLeft(() => setQuantity(goods.id, value === undefined || (!goods.isFractional && value % 1_000 !== 0) ? qty : value))
    })
    const step = (by, sign, label) =>
      button(sign, () => setQuantity(goods.id, qty + by), {
        ariaLabel: `One ${goods.title} ${label}`,
        className: "step",
        data: { key: `${goods.id}${sign}` },
        disabled: goods.kind === "bouquet" && by > 0,
      })
    return element(
      "li",
      {},
      element("span", { className: "name" }, goods.title),
      element("span", { className: "count" }, step(-1_000, "−", "less"), typed, step(1_000, "+", "more")),
      element("span", { className: "sum" }, roubles(lineTotal(line))),
    )
  }

  function aboutRows({ customer, discount, lines: there }) {
    return [
      customer === undefined
        ? button("Customer", () => chooseCustomer(), { className: "wide", disabled: isOffline() })
        : row(`${customer.title}, ${customer.points} points`, "Without the customer", () => setCustomer(undefined)),
      discount === undefined
        ? button("Discount", () => chooseDiscount(), { className: "wide", disabled: there.length === 0 })
        : row(
            `${discount.rate === undefined ? roubles(discount.amount) : `${units(discount.rate * 10)} %`} off: ${discount.reason?.title ?? ""}`,
            "Without the discount",
            () => setDiscount(undefined),
          ),
    ]
  }

  function row(text, label, away) {
    return element("p", { className: "about-row" }, element("span", {}, text), button("×", away, { ariaLabel: label, className: "plain" }))
  }
}

function chooseDiscount() {
  const kind = select(
    [
      ["percent", "Per cent"],
      ["amount", "Roubles"],
    ],
    { name: "kind" },
  )
  const size = input({ name: "size", inputMode: "decimal", required: true })
  const reasons = shop().discountReasons
  const reason = select(
    reasons.map(({ id, title }) => [id, title]),
    { name: "reason" },
  )
  openForm(
    "Discount",
    [field("In", kind), field("How much", size), reasons.length === 0 ? "" : field("Reason", reason)],
    "Give the discount",
    async () => {
      const value = kind.value === "percent" ? typedHundredths(size.value) : typedKopecks(size.value)
      const { amount } = totals()
      const most = kind.value === "percent" ? 10_000 : amount
      if (value === undefined || value === 0 || value > most)
        throw new Error(`Type more than 0 and at most ${kind.value === "percent" ? "100 %" : roubles(most)}.`)
      setDiscount({
        ...(kind.value === "percent" ? { rate: value } : { amount: value }),
        reason: reasons.find(({ id }) => id === reason.value),
      })
    },
  )
}

/** @param included their groups: of an order points pay no more than the group lets, in per cent; null where nothing limits them. */
export const customerOf = ({ id, attributes, relationships }, included = []) => ({
  id,
  title: attributes.title,
  points: attributes.currentPoints,
  pointsLimit: included.find(({ type, id: group }) => type === "bonus-groups" && group === relationships?.bonusGroup?.data?.id)?.attributes
    .limit,
  phone: attributes.phone === null ? "" : `+${attributes.countryCode} ${attributes.phone}`,
})

function chooseCustomer() {
  openSheet("Customer", (body, close) => {
    const phone = input({ type: "search", inputMode: "tel", placeholder: "Phone or name" })
    const list = element("ul", { className: "choices" })
    const problem = element("div", { role: "status" })
    let turn = 0
    const look = async () => {
      const mine = (turn += 1)
      const text = phone.value.trim()
      if (text.length < 3) {
        list.replaceChildren()
        return
      }
      try {
        const { data, included } = await ask("/v1/customers", { query: { search: text, "page[size]": 10, include: "bonusGroup" } })
        if (mine !== turn) return
        problem.replaceChildren()
        list.replaceChildren(
          ...data.map((each) => choice(customerOf(each, included))),
          element(
            "li",
            {},
            button(`New customer: ${text}`, () => createCustomer(text), { className: "wide" }),
          ),
        )
      } catch (thrown) {
        problem.replaceChildren(problemText(thrown))
      }
    }
    const choice = (customer) =>
      element(
        "li",
        {},
        element(
          "button",
          { type: "button", className: "choice", on: { click: () => take(customer) } },
          element("span", { className: "name" }, customer.title),
          element("span", { className: "quiet" }, customer.phone),
          element("span", {}, `${customer.points} points`),
        ),
      )
    const take = (customer) => {
      setCustomer(customer)
      close()
    }
    const createCustomer = (text) => {
      close()
      const isPhone = /^[\d\s()+-]+$/.test(text)
      const name = input({ name: "title", required: true, value: isPhone ? "" : text })
      const number = input({ name: "phone", inputMode: "tel", value: isPhone ? text : "" })
      const id = newId()
      openForm("New customer", [field("Name", name), field("Phone", number)], "Keep the customer", async (_form, key) => {
        if (name.value.trim() === "") throw new Error("Type a name.")
        const attributes = { title: name.value.trim(), phone: number.value.trim() }
        const { data } = await ask("/v1/customers", { method: "POST", key, body: { data: { type: "customers", id, attributes } } })
        setCustomer(customerOf(data))
      })
    }
    phone.addEventListener("input", () => void look())
    body.append(field("Find by phone or name", phone), problem, list)
  })
}

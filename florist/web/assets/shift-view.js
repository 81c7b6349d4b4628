// The cash shift: opening, cash in and out with a reason, what is expected in the drawer, closing with what was counted. Called by the page.
import { all, ask, session, to } from "./api.js"
import { button, element, empty, field, input, problemText, select } from "./element.js"
import { kopecksOf, roubles, toRoubles, typedKopecks } from "./money.js"
import { waiting } from "./outbox.js"
import { openForm, openSheet } from "./sheet.js"
import { loadShift, onShop, register, shop } from "./shop.js"

const moment = (at) => new Date(at).toLocaleString("ru-RU", { dateStyle: "short", timeStyle: "short" })

export function shiftView() {
  const body = element("div", { className: "page" })
  let turn = 0
  onShop(() => body.isConnected && void show())
  void show()
  void loadShift().catch(() => {})
  return body

  async function show() {
    const mine = (turn += 1)
    const here = register()
    const { shift } = shop()
    const head = element(
      "header",
      { className: "page-head" },
      element("h1", {}, "Shift"),
      button("Read again", () => void loadShift().catch(() => {})),
    )
    if (here === undefined) {
      body.replaceChildren(head, empty("This store has no register; the management adds one."))
      return
    }
    if (shift === undefined) {
      body.replaceChildren(
        head,
        element(
          "section",
          { className: "card" },
          element("p", {}, `${here.title}: no shift is open.`),
          button("Open the shift", () => openShift(here), { className: "main" }),
        ),
      )
      return
    }
    const movements = await all("/v1/cash-movements", { "filter[shift]": shift.id }).catch((thrown) => thrown)
    if (mine !== turn) return
    body.replaceChildren(
      head,
      element(
        "section",
        { className: "card" },
        element("p", { className: "quiet" }, `${here.title}, open since ${moment(shift.attributes.openedAt)}`),
        element(
          "dl",
          { className: "facts" },
          fact("In the drawer at first", shift.attributes.openingAmount),
          fact("Expected now", shift.attributes.expectedAmount),
        ),
        element(
          "div",
          { className: "buttons" },
          button("Cash in", () => void moveCash("deposit", shift)),
          button("Cash out", () => void moveCash("withdraw", shift)),
          button("Close the shift", () => closeShift(shift)),
        ),
      ),
      element("h2", {}, "Cash in and out"),
      movements instanceof Error
        ? problemText(movements)
        : element(
            "ul",
            { className: "rows" },
            movements.data.length === 0 ? empty("None in this shift.") : movements.data.map(movementRow),
          ),
    )
  }
}

const fact = (name, value) =>
  element("div", {}, element("dt", {}, name), element("dd", {}, value === null ? "" : roubles(kopecksOf(value))))

function movementRow({ attributes: { kind, amount, description, createdAt } }) {
  const signed = kind === "deposit" ? kopecksOf(amount) : -kopecksOf(amount)
  return element(
    "li",
    { className: "row" },
    element("span", {}, description || (kind === "deposit" ? "Cash in" : "Cash out")),
    element("span", { className: "quiet" }, moment(createdAt)),
    element("span", { className: "sum" }, roubles(signed)),
  )
}

function amountField(label, name) {
  const typed = input({ name, inputMode: "decimal", required: true })
  const read = () => {
    const value = typedKopecks(typed.value)
    if (value !== undefined) return value
    typed.setAttribute("aria-invalid", "true")
    typed.focus()
    throw new Error(`${label}: type an amount, as 3000 or 3000,50.`)
  }
  return { row: field(label, typed), read }
}

function openShift(here) {
  const { row, read } = amountField("Cash in the drawer", "opening")
  openForm("Open the shift", [row], "Open", async (_form, key) => {
    const data = {
      type: "shifts",
      attributes: { openingAmount: toRoubles(read()) },
      relationships: { register: to("registers", here.id), openedBy: to("workers", session().worker) },
    }
    await ask("/v1/shifts", { method: "POST", key, body: { data } })
    await loadShift()
  })
}

async function moveCash(kind, shift) {
  const { row, read } = amountField("Amount", "amount")
  const reasons = (await all("/v1/cash-reasons").catch(() => ({ data: [] }))).data.filter(
    ({ attributes }) => attributes.typeReason === kind,
  )
  const reason = select(
    reasons.map(({ id, attributes }) => [id, attributes.title]),
    { name: "reason" },
  )
  const note = input({ name: "note", maxLength: 1_000 })
  const title = kind === "deposit" ? "Cash in" : "Cash out"
  openForm(title, [row, reasons.length === 0 ? field("Why", note) : field("Reason", reason)], title, async (_form, key) => {
    const description = reasons.length === 0 ? note.value.trim() : (reasons.find(({ id }) => id === reason.value)?.attributes.title ?? "")
    if (description === "") throw new Error("Say why.")
    const data = {
      type: "cash-movements",
      attributes: { kind, amount: toRoubles(read()), description },
      relationships: { shift: to("shifts", shift.id), ...(reasons.length === 0 ? {} : { reason: to("cash-reasons", reason.value) }) },
    }
    await ask("/v1/cash-movements", { method: "POST", key, body: { data } })
    await loadShift()
  })
}

function closeShift(shift) {
  const count = waiting().length
  const { row, read } = amountField("Cash that was counted", "counted")
  const hint = element(
    "p",
    { className: "notice" },
    count === 0 ? "Count the drawer, and type what you counted." : `${count} sales still wait to be sent; their cash is not expected yet.`,
  )
  const box = input({ type: "checkbox", name: "leave" })
  const leave = element("label", { className: "notice", hidden: true }, box, " Close all the same; the money is taken later.")
  openForm("Close the shift", [hint, row, leave], "Close the shift", async (_form, key) => {
    if (waiting().length > 0) throw new Error("Wait until every sale was sent.")
    const data = {
      type: "shifts",
      attributes: { countedAmount: toRoubles(read()), ...(box.checked ? { unpaid: "leave" } : {}) },
      relationships: { closedBy: to("workers", session().worker) },
    }
    const { data: closed } = await ask(`/v1/shifts/${shift.id}/close`, { method: "POST", key, body: { data } }).catch((thrown) => {
      // What is not paid is told first; whoever closes over it says so.
      if (thrown.code === "unpaid-sales") leave.hidden = false
      throw thrown
    })
    await loadShift()
    showClosed(closed)
  })
}

function showClosed({ attributes: { expectedAmount, countedAmount, differenceAmount } }) {
  const difference = kopecksOf(differenceAmount)
  const words =
    difference === 0 ? "Nothing is missing." : difference < 0 ? `${roubles(-difference)} are missing.` : `${roubles(difference)} too much.`
  openSheet("The shift is closed", (body, close) => {
    body.append(
      element(
        "dl",
        { className: "facts" },
        fact("Expected", expectedAmount),
        fact("Counted", countedAmount),
        fact("Difference", differenceAmount),
      ),
      element("p", { className: "notice", role: "status" }, words),
      button("Done", close, { className: "main" }),
    )
  })
}

// The payment sheet: how it is paid, sending it, a QR code and its state, and the receipt. It follows a job of the outbox, so it can be closed, reloaded and opened again.
// Called by the basket and by an order's page.
import { Problem, ask, isOffline, session, token } from "./api.js"
import { clear, restore, basket as currentBasket } from "./basket.js"
import { button, element, field, input, problemText, redraw, whenLeft } from "./element.js"
import { forget, keep, kept } from "./keep.js"
import { roubles, toRoubles, typedKopecks, kopecksOf } from "./money.js"
import { drop, job, onJobs, pump, save } from "./outbox.js"
import { receipt } from "./receipt.js"
import { leftToPay, methods, methodLabel, payOtherwise, paymentJob, saleJob } from "./sale.js"
import { openSheet, say } from "./sheet.js"
import { loadShelf, shop } from "./shop.js"
import { newId } from "./uuid.js"

const lookAgainAfterMs = 1_500
const currentName = () => `current/${session().shop}`
let open

/** @param due { orderId, docNo, total, customer } of an order that is there; left out: the basket is sold. */
export function openPay(total, due) {
  const name = `tenders/${session().shop}`
  const draft = due === undefined ? kept(name) : undefined
  openSheet(due === undefined ? "Payment" : `Payment of ${due.docNo}`, (body, close) => {
    const customer = due === undefined ? currentBasket().customer : due.customer
    chooseTenders(body, {
      total,
      customer,
      tenders: draft?.total === total ? draft.tenders : [],
      onChange: (tenders) => due === undefined && keep(name, { total, tenders }),
      onTake(tenders) {
        const made = due === undefined ? saleJob(currentBasket(), tenders) : paymentJob(due, tenders)
        // Kept before anything is sent: from here on a reload goes on where this stops.
        save(made)
        keep(currentName(), made.id)
        forget(name)
        if (due === undefined) clear()
        close()
        follow(made.id)
        void pump()
      },
    })
  })
}

/** Kopecks: what is there, and what the customer's group lets points pay. */
const payableByPoints = ({ points, pointsLimit }, total) =>
  Math.min(points * 100, pointsLimit === undefined || pointsLimit === null ? Infinity : Math.floor((total * pointsLimit) / 100))

/** After a reload: the sale that was being paid. */
export function followCurrent() {
  const id = kept(currentName())
  if (id !== undefined && job(id) !== undefined) follow(id)
}

export function follow(id) {
  if (open !== undefined) return
  keep(currentName(), id)
  openSheet(
    "Payment",
    (body, close, title) => {
      open = { id, body, close, title, shown: undefined, stop: () => {} }
      show()
    },
    {
      onClose() {
        open?.stop()
        open = undefined
        const left = job(id)
        if (left?.state === "done") finish(left)
        // What still waits goes on by itself; what needs a person stays in the list.
        if (kept(currentName()) === id) forget(currentName())
        if (left !== undefined && left.state !== "done") save({ ...left, handedOver: left.state === "waiting" || left.handedOver === true })
      },
    },
  )
}

/** The job in the sheet, which nobody has to be reminded of. */
export const followed = () => open?.id

onJobs((changed) => {
  if (open !== undefined && (changed === undefined || changed.id === open.id)) show()
})

function finish(done) {
  drop(done.id)
  // On a phone the basket lies below the goods.
  scrollTo(0, 0)
  void loadShelf().catch(() => {})
}

function show() {
  const current = job(open.id)
  if (current === undefined) {
    open.close()
    return
  }
  const state = stateOf(current)
  // A code that is shown must not flicker, nor a field lose what is typed into it.
  if (open.shown === state) return
  open.shown = state
  open.stop()
  open.stop = () => {}
  views[current.state](current)
}

const stateOf = ({ state, steps, problem }) =>
  `${state} ${problem ?? ""} ${state === "waiting" ? isOffline() : ""} ${steps.filter(({ answer }) => answer !== undefined).length}`

const views = {
  waiting(current) {
    open.title("Payment")
    const needsNetwork = current.steps.some(({ what, answer }) => what === "qr" && answer === undefined)
    const offline = isOffline()
    const text = !offline
      ? "Taking the payment…"
      : needsNetwork
        ? "No connection. The sale is kept on this device. A QR code needs the network: wait for it, or take the money otherwise."
        : "No connection. The sale is kept on this device and is sent by itself when the network is back."
    open.body.replaceChildren(
      element("p", { className: "amount" }, roubles(current.total)),
      element("p", { className: offline ? "notice" : "progress", role: "status" }, text),
      offline && needsNetwork ? button("Pay otherwise", () => otherwise(current)) : "",
      offline ? button("Next customer", () => open.close(), { className: "main" }) : "",
    )
  },
  refused(current) {
    const isUnsold = current.kind === "sale" && current.steps[0].answer === undefined
    open.title(isUnsold ? "Not sold" : "Not paid")
    open.body.replaceChildren(
      element("p", { className: "amount" }, roubles(isUnsold ? current.total : leftToPay(current))),
      problemText({ message: current.problem }),
      isUnsold
        ? button(
            "Back to the basket",
            () => {
              if (currentBasket().lines.length > 0) return say("Sell or empty the present basket first.")
              drop(current.id)
              restore(current.basket)
            },
            { className: "main" },
          )
        : button("Pay the rest otherwise", () => otherwise(current), { className: "main" }),
      current.kind === "payment" ? button("Leave it unpaid", () => drop(current.id)) : "",
    )
  },
  paying(current) {
    showCode(current)
  },
  done(current) {
    open.title("Paid")
    open.body.replaceChildren(
      receipt(current),
      element(
        "div",
        { className: "actions" },
        button("Print", () => print()),
        button("Next customer", () => open.close(), { className: "main" }),
      ),
    )
    open.body.querySelector(".main").focus()
  },
}

function otherwise(current) {
  open.title("Payment")
  const total = leftToPay(current)
  chooseTenders(open.body, {
    total,
    customer: current.basket.customer,
    tenders: [],
    onTake(tenders) {
      save(payOtherwise(job(current.id), tenders))
      void pump()
    },
  })
}

/** The code as a picture, followed until it was paid, given up, or ran out. */
function showCode(current) {
  const { answer } = current.steps.find(({ what }) => what === "qr")
  const status = element("p", { className: "progress", role: "status" }, "Waiting for the customer's bank…")
  const problem = element("div", {})
  const cancel = button("Cancel the code", () => void giveUp())
  const picture = element("img", {
    className: "code",
    alt: "QR code to pay by",
    width: 280,
    height: 280,
    src: pictureOf(answer.attributes.image),
  })
  open.title("Pay by QR code")
  open.body.replaceChildren(
    element("p", { className: "amount" }, roubles(kopecksOf(answer.attributes.amount))),
    picture,
    status,
    problem,
    cancel,
  )
  open.stop = followCode(answer.id, told)

  function told(code) {
    const { status: state } = code.attributes
    if (["paid", "applied", "partially_refunded", "refunded", "paid_late"].includes(state)) {
      const isOurs = code.attributes.appliedAmount > 0 || state === "applied"
      const found = job(current.id)
      if (isOurs) return save({ ...found, paidByQr: true, state: "done" })
      return save({ ...found, state: "refused", problem: "The money came too late for this order; it goes back to the customer." })
    }
    const ends = { expired: "The code has run out.", cancelled: "The code was cancelled." }
    if (ends[state] !== undefined) return save({ ...job(current.id), state: "refused", problem: ends[state] })
    status.textContent = state === "declined" ? "The bank declined it; the customer may try again." : "Waiting for the customer's bank…"
  }

  async function giveUp() {
    cancel.disabled = true
    problem.replaceChildren()
    try {
      const { data } = await ask(`/v1/qr-payments/${answer.id}/cancel`, {
        method: "POST",
        body: {},
        key: `cancel-${answer.id}.${session().worker}`,
      })
      told(data)
    } catch (thrown) {
      problem.replaceChildren(problemText(thrown))
    }
    cancel.disabled = false
  }
}

/** An image runs no scripts, whatever it holds. */
const pictureOf = (svg) => `data:image/svg+xml,${encodeURIComponent(svg)}`

/** By the stream of payments, which tells at once, and by looking, which misses nothing. @returns what ends it */
function followCode(id, told) {
  let isOver = false
  let stream
  let timer
  const look = async () => {
    clearTimeout(timer)
    try {
      const { data } = await ask(`/v1/qr-payments/${id}`)
      if (!isOver) told(data)
    } catch (thrown) {
      if (!(thrown instanceof Problem)) throw thrown
    }
    if (!isOver) timer = setTimeout(() => void look(), lookAgainAfterMs)
  }
  const listen = async () => {
    const access = await token().catch(() => undefined)
    if (isOver || access === undefined) return
    stream = new EventSource(`/api/v1/payments/feed?access_token=${encodeURIComponent(access)}`)
    stream.addEventListener("payment", ({ data }) => JSON.parse(data).id === id && void look())
  }
  void look()
  void listen()
  return () => {
    isOver = true
    clearTimeout(timer)
    stream?.close()
  }
}

// Choosing how it is paid.

function chooseTenders(place, { total, customer, tenders: first, onChange = () => {}, onTake }) {
  let tenders = first
  const left = () => total - tenders.reduce((sum, { amount }) => sum + amount, 0)
  const offered = methods.filter(({ kind }) => shop().methods[kind] !== undefined && (kind !== "bonus" || customer !== undefined))
  const ways = offered.map(({ kind, label }) => button(label, () => addTender(kind), { data: { kind } }))
  const list = element("ul", { className: "tenders" })
  const rest = element("p", { role: "status" })
  const take = button(`Take ${roubles(total)}`, () => tryToTake(), { className: "main" })
  place.replaceChildren(
    element("p", { className: "amount" }, roubles(total)),
    element("div", { className: "methods", role: "group", ariaLabel: "Pay by" }, ways),
    list,
    rest,
    take,
  )
  become(tenders)

  function become(next) {
    settle(next)
    redraw(
      list,
      tenders.length === 0
        ? [element("li", { className: "empty" }, "Choose how it is paid; several ways together are fine.")]
        : tenders.map(tenderLine),
    )
  }

  function tryToTake() {
    try {
      onTake(tenders)
    } catch (thrown) {
      rest.textContent = `Nothing was taken: this device could not keep the sale (${thrown.message}).`
    }
  }

  /** While an amount is typed: what can be pressed next follows, and nothing that may be pressed just now is drawn anew. */
  function settle(next) {
    tenders = next
    onChange(tenders)
    for (const way of ways) {
      const { kind } = way.dataset
      const isTwice = kind !== "gift_card" && tenders.some((tender) => tender.kind === kind)
      const needsNetwork = isOffline() && kind !== "cash" && kind !== "card"
      way.disabled = left() <= 0 || isTwice || needsNetwork
      way.title = needsNetwork ? "Needs the network" : ""
    }
    rest.textContent = leftText(left())
    rest.className = left() === 0 ? "left" : "left open"
    take.disabled = tenders.length === 0 || left() !== 0 || !tenders.every(isSettled)
  }

  function addTender(kind) {
    const most = kind === "bonus" ? Math.min(left(), payableByPoints(customer, total)) : left()
    const amount = kind === "bonus" ? most - (most % 100) : most
    become([
      ...tenders,
      { id: newId(), kind, amount, ...(kind === "gift_card" ? { code: "" } : {}), ...(kind === "cash" ? { received: amount } : {}) },
    ])
  }

  function tenderLine(tender) {
    const label = methodLabel(tender.kind)
    const changed = (more) => tenders.map((each) => (each.id === tender.id ? { ...each, ...more } : each))
    const change = (more) => become(changed(more))
    const amount = input({
      inputMode: "decimal",
      value: shown(tender.amount),
      ariaLabel: `${label}, roubles`,
      className: "money",
      data: { key: tender.id },
    })
    const withAmount = (value) => {
      const { received: given } = tender
      return changed({ amount: value, ...(tender.kind === "cash" ? { received: Math.max(value, given > tender.amount ? given : 0) } : {}) })
    }
    amount.addEventListener("input", () => {
      const value = typedKopecks(amount.value)
      if (value !== undefined) settle(withAmount(value))
    })
    amount.addEventListener("change", () => {
      const value = typedKopecks(amount.value)
      if (value === undefined) refuse(amount)
      else whenLeft(() => become(withAmount(value)))
    })
    return element(
      "li",
      {},
      element("span", { className: "name" }, label),
      amount,
      button("×", () => become(tenders.filter(({ id }) => id !== tender.id)), { ariaLabel: `Without ${label}`, className: "plain" }),
      tender.kind === "cash" ? received(tender, { change, changed }) : "",
      tender.kind === "gift_card" ? giftCard(tender, change) : "",
      tender.kind === "bonus"
        ? element(
            "p",
            { className: "hint" },
            `${customer.points} points are there${customer.pointsLimit === undefined || customer.pointsLimit === null ? "" : `, and pay at most ${customer.pointsLimit}% of an order`}.`,
          )
        : "",
    )
  }

  function received(tender, { change, changed }) {
    const typed = input({ inputMode: "decimal", value: shown(tender.received), className: "money", data: { key: `${tender.id}-received` } })
    typed.addEventListener("input", () => {
      const value = typedKopecks(typed.value)
      if (value !== undefined) settle(changed({ received: value }))
    })
    typed.addEventListener("change", () => {
      const value = typedKopecks(typed.value)
      if (value === undefined || value < tender.amount) refuse(typed)
      else whenLeft(() => change({ received: value }))
    })
    const notes = [50_000, 100_000, 200_000, 500_000].filter((note) => note > tender.amount).slice(0, 3)
    return element(
      "div",
      { className: "received" },
      field("Received", typed),
      element(
        "div",
        { className: "notes" },
        notes.map((note) => button(roubles(note), () => change({ received: note }), { data: { key: `${tender.id}-${note}` } })),
      ),
      element("p", { className: "change", role: "status" }, `Change ${roubles(tender.received - tender.amount)}`),
    )
  }

  function giftCard(tender, change) {
    const code = input({ data: { key: `${tender.id}-code` }, value: tender.code, maxLength: 40, spellcheck: false })
    const balance = element(
      "p",
      { className: "hint", role: "status" },
      tender.balance === undefined ? "" : `${roubles(tender.balance)} is on it.`,
    )
    code.addEventListener("change", async () => {
      try {
        const { data } = await ask("/v1/gift-cards", { query: { "filter[code]": code.value } })
        const [card] = data
        if (card === undefined) balance.textContent = "There is no such card."
        else
          change({
            code: code.value,
            balance: kopecksOf(card.attributes.balance),
            amount: Math.min(tender.amount, kopecksOf(card.attributes.balance)),
          })
      } catch (thrown) {
        balance.textContent = thrown.message
      }
    })
    return element("div", { className: "received" }, field("Code of the gift card", code), balance)
  }

  const isSettled = ({ kind, amount, code, received: given }) =>
    amount > 0 && (kind !== "gift_card" || code !== "") && (kind !== "cash" || given >= amount)
}

function refuse(typed) {
  typed.setAttribute("aria-invalid", "true")
  typed.focus()
}

const shown = (kopecks) => toRoubles(kopecks).replace(/\.00$/, "").replace(".", ",")

function leftText(rest) {
  if (rest === 0) return "Nothing is left to pay."
  return rest > 0 ? `${roubles(rest)} left to pay.` : `${roubles(-rest)} too much.`
}

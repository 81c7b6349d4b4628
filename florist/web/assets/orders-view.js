// Orders: the list by status and words, and an order's page with its delivery, its money and its return. Called by the page.
import { afterIn, all, ask, related, session, to } from "./api.js"
import { button, element, empty, field, input, problemText, redraw, select } from "./element.js"
import { kopecksOf, roubles, thousandthsOf, units } from "./money.js"
import { openPay } from "./pay.js"
import { may } from "./role.js"
import { methodLabel } from "./sale.js"
import { customerOf } from "./sale-view.js"
import { openSheet, say } from "./sheet.js"
import { loadShelf, shop, store } from "./shop.js"

const statuses = [
  ["", "All"],
  ["notAccepted", "Not accepted"],
  ["new", "New"],
  ["assembled", "Assembled"],
  ["courier", "With the courier"],
  ["done", "Done"],
  ["canceled", "Canceled"],
  ["returned", "Returned"],
]
const statusLabel = Object.fromEntries(statuses)
const deliveryLabel = { courier: "on the way", delivered: "delivered", cannotBeDelivered: "could not be delivered" }

/** As the service's own tables have it: what may follow, and who may do it. */
const nextStatuses = {
  notAccepted: [{ status: "new", label: "Accept", needs: "sell" }],
  new: [{ status: "assembled", label: "Assembled", needs: "sell" }],
  assembled: [{ status: "courier", label: "Give to the courier", needs: "deliver" }],
  courier: [{ status: "assembled", label: "Came back", needs: "deliver" }],
}
const handedOverFrom = ["new", "assembled", "courier"]
const deliverySteps = {
  none: ["courier", "delivered", "cannotBeDelivered"],
  courier: ["delivered", "cannotBeDelivered"],
  cannotBeDelivered: ["courier", "delivered"],
  delivered: [],
}
const deliveryActions = { courier: "On the way", delivered: "Delivered", cannotBeDelivered: "Could not be delivered" }

export function ordersView() {
  let status = ""
  let after
  let turn = 0
  const search = input({ type: "search", placeholder: "Number, name or phone", ariaLabel: "Search orders" })
  const chips = element("div", { className: "chips", role: "group", ariaLabel: "Status" })
  const rows = element("ul", { className: "rows" }, empty("Reading the orders…"))
  const more = button("More", () => void read("next page"), { hidden: true })
  search.addEventListener("input", () => void read("anew"))
  showChips({})
  void read("anew")
  return element(
    "div",
    { className: "page" },
    element(
      "header",
      { className: "page-head" },
      element("h1", {}, "Orders"),
      button("Read again", () => void read("anew")),
    ),
    search,
    chips,
    rows,
    more,
  )

  async function read(which) {
    const mine = (turn += 1)
    const query = {
      "filter[statuses]": status === "" ? undefined : status,
      "filter[withReturned]": status === "" ? true : undefined,
      "filter[stores]": store()?.id,
      search: search.value.trim() === "" ? undefined : search.value.trim(),
      "page[after]": which === "anew" ? undefined : after,
      addMetaStatuses: true,
      include: "customer",
      "page[size]": 30,
    }
    try {
      const page = await ask("/v1/orders", { query })
      if (mine !== turn) return
      const names = namesIn(page.included)
      const shown = page.data.map((order) => orderRow(order, names, () => void read("anew")))
      if (which === "anew") rows.replaceChildren(...(shown.length === 0 ? [empty("There are no such orders.")] : shown))
      else rows.append(...shown)
      after = afterIn(page)
      more.hidden = after === undefined
      showChips(page.meta.statuses ?? {})
    } catch (thrown) {
      if (mine === turn) rows.replaceChildren(problemText(thrown))
    }
  }

  function showChips(counts) {
    redraw(
      chips,
      ...statuses.map(([of, label]) => {
        const count = counts[of === "" ? "all" : of]
        const choose = () => {
          status = of
          void read("anew")
        }
        return button(count === undefined || count === "0" ? label : `${label} ${count}`, choose, {
          className: "chip",
          data: { key: of },
          ariaPressed: String(of === status),
        })
      }),
    )
  }
}

const namesIn = (included = []) =>
  new Map(included.map(({ id, attributes }) => [id, attributes.title ?? `${attributes.firstName} ${attributes.lastName}`]))

function orderRow(order, names, onChange) {
  const { docNo, status, totalAmount, createdAt, delivery, deliveryStatus } = order.attributes
  const who = names.get(related(order, "customer"))
  const when = new Date(createdAt).toLocaleString("ru-RU", { day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit" })
  return element(
    "li",
    {},
    element(
      "button",
      { type: "button", className: "row", on: { click: () => openOrder(order.id, onChange) } },
      element(
        "span",
        {},
        element("strong", {}, docNo),
        " ",
        element("span", { className: "quiet" }, [when, who].filter(Boolean).join(", ")),
      ),
      element("span", { className: "badge" }, delivery && deliveryStatus !== null ? deliveryLabel[deliveryStatus] : statusLabel[status]),
      element("span", { className: "sum" }, roubles(kopecksOf(totalAmount))),
    ),
  )
}

function openOrder(id, onChange) {
  openSheet(
    "Order",
    (body, close, title) => {
      body.append(empty("Reading the order…"))
      void read()

      async function read() {
        try {
          const [order, payments] = await Promise.all([
            ask(`/v1/orders/${id}`, { query: { include: "lines,customer,courier,florist" } }),
            all("/v1/payments", { "filter[order]": id }),
          ])
          title(`Order ${order.data.attributes.docNo}`)
          body.replaceChildren(
            ...orderPage({ order: order.data, included: order.included ?? [], payments: payments.data, change, reread: read, close }),
          )
        } catch (thrown) {
          body.replaceChildren(
            problemText(thrown),
            button("Read again", () => void read()),
          )
        }
      }

      /** @param works in turn; each can be repeated without a second effect. */
      async function change(text, ...works) {
        const problem = body.querySelector(".problem-place")
        for (const each of body.querySelectorAll("button")) each.disabled = true
        try {
          for (const work of works) await work()
          say(text)
          await read()
          onChange()
        } catch (thrown) {
          problem?.replaceChildren(problemText(thrown))
          for (const each of body.querySelectorAll("button")) each.disabled = false
        }
      }
    },
    { onClose: onChange },
  )
}

function orderPage({ order, included, payments, change, close }) {
  const { attributes } = order
  const names = namesIn(included)
  const lines = included.filter(({ type }) => type === "order-lines")
  const due = Math.max(0, kopecksOf(attributes.totalAmount) - kopecksOf(attributes.paymentsAmount))
  const isOver = attributes.status === "canceled" || attributes.status === "returned"
  const facts = [
    ["Status", statusLabel[attributes.status]],
    ["Total", roubles(kopecksOf(attributes.totalAmount))],
    ["Paid", roubles(kopecksOf(attributes.paymentsAmount))],
    ["Customer", names.get(related(order, "customer"))],
    ["Florist", names.get(related(order, "florist"))],
  ].filter(([, value]) => value !== undefined)
  return [
    element(
      "dl",
      { className: "facts" },
      facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
    ),
    element(
      "article",
      { className: "receipt", ariaLabel: "Lines" },
      element(
        "ul",
        {},
        lines.map(({ attributes: line }) =>
          pair(`${line.title || "Bouquet"} × ${units(thousandthsOf(line.qty))}`, kopecksOf(line.totalAmountWithDiscount)),
        ),
      ),
      payments.length === 0 ? "" : element("ul", {}, payments.map(paymentRow)),
    ),
    delivery(order, names, change),
    element("div", { className: "problem-place" }),
    element("div", { className: "buttons" }, moneyActions(), statusActions(order, change)),
    attributes.status === "done" && may(session(), "sell") ? returnForm(order, payments, change) : "",
  ]

  function moneyActions() {
    if (!may(session(), "sell")) return []
    if (isOver) {
      const refunds = refundsOf(payments)
      return refunds.length === 0 ? [] : [button("Give the money back", () => void change("The money went back.", ...refunds))]
    }
    const customer = related(order, "customer")
    const pay = async () => {
      const points =
        customer === undefined
          ? undefined
          : await ask(`/v1/customers/${customer}`, { query: { include: "bonusGroup" } }).catch(() => undefined)
      close()
      openPay(due, {
        orderId: order.id,
        docNo: attributes.docNo,
        total: due,
        expected: kopecksOf(attributes.totalAmount),
        customer: points === undefined ? undefined : customerOf(points.data, points.included),
      })
    }
    return due > 0 ? [button(`Take ${roubles(due)}`, () => void pay())] : []
  }
}

const pair = (label, kopecks) => element("li", {}, element("span", {}, label), element("span", { className: "sum" }, roubles(kopecks)))

function paymentRow(payment) {
  const kind = Object.entries(shop().methods).find(([, id]) => id === related(payment, "method"))?.[0]
  const { paymentType, amount } = payment.attributes
  const label = { payment: "", return: "Back: ", change: "Change: " }[paymentType]
  return pair(`${label}${methodLabel(kind)}`, paymentType === "payment" ? kopecksOf(amount) : -kopecksOf(amount))
}

function statusActions({ id, attributes: { status, revision } }, change) {
  const who = session()
  const patch = (attributes) => () =>
    ask(`/v1/orders/${id}`, {
      method: "PATCH",
      key: `${id}.${revision}.${attributes.status}.${who.worker}`,
      body: { data: { type: "orders", id, attributes } },
    })
  const steps = (nextStatuses[status] ?? [])
    .filter(({ needs }) => may(who, needs))
    .map(({ status: next, label }) => button(label, () => void change(`${statusLabel[next]}.`, patch({ status: next }))))
  const isOpen = handedOverFrom.includes(status) || status === "notAccepted"
  return [
    ...steps,
    handedOverFrom.includes(status) && may(who, "sell")
      ? button("Hand over", () => void change("Handed over.", patch({ status: "done" })))
      : "",
    isOpen && may(who, "sell")
      ? button("Cancel the order", () => void change("Canceled.", patch({ status: "canceled", cancelComment: "At the register" })))
      : "",
  ]
}

function delivery({ id, attributes, ...order }, names, change) {
  if (!attributes.delivery) return ""
  const { deliveryCity, deliveryStreet, deliveryHouse, deliveryApartment, deliveryContact, deliveryPhoneNumber, deliveryPhoneCode } =
    attributes
  const address = [deliveryCity, deliveryStreet, deliveryHouse, deliveryApartment].filter(Boolean).join(", ")
  const phone = deliveryPhoneNumber === "" ? "" : `+${deliveryPhoneCode}${deliveryPhoneNumber}`
  const window = [attributes.deliveryTimeFrom, attributes.deliveryTimeTo]
    .filter(Boolean)
    .map((at) => new Date(at).toLocaleString("ru-RU", { dateStyle: "short", timeStyle: "short" }))
  const isUnderWay = ["new", "assembled", "courier"].includes(attributes.status)
  const steps = isUnderWay ? deliverySteps[attributes.deliveryStatus ?? "none"] : []
  const tell = (deliveryStatus) => () =>
    ask(`/v1/orders/${id}/delivery-status`, {
      method: "PATCH",
      key: `${id}.${attributes.revision}.${deliveryStatus}.${session().worker}`,
      body: { data: { type: "orders", id, attributes: { deliveryStatus } } },
    })
  return element(
    "section",
    { className: "card", ariaLabel: "Delivery" },
    element("h3", {}, "Delivery"),
    element("p", {}, address),
    element("p", { className: "quiet" }, window.join(" to ")),
    element("p", {}, deliveryContact, " ", phone === "" ? "" : element("a", { href: `tel:${phone}` }, phone)),
    element(
      "p",
      {},
      `Courier: ${names.get(related(order, "courier")) ?? "nobody yet"}`,
      attributes.deliveryStatus === null ? "" : `, ${deliveryLabel[attributes.deliveryStatus]}`,
    ),
    element(
      "div",
      { className: "buttons" },
      steps.map((next) => button(deliveryActions[next], () => void change(`${deliveryActions[next]}.`, tell(next)))),
    ),
  )
}

/** What is left of each payment goes back as it was paid. The keys follow from what is left, so a repeated return pays back nothing twice. */
function refundsOf(payments) {
  const { shift } = shop()
  return payments
    .filter(({ attributes }) => attributes.paymentType === "payment" && kopecksOf(attributes.amount) > kopecksOf(attributes.refundedAmount))
    .map(
      ({ id, attributes }) =>
        () =>
          ask(`/v1/payments/${id}/refunds`, {
            method: "POST",
            key: `refund-${id}-${attributes.refundedAmount}.${session().worker}`,
            body: {
              data: { type: "order-payments", attributes: {}, relationships: shift === undefined ? {} : { shift: to("shifts", shift.id) } },
            },
          }),
    )
}

function returnForm(order, payments, change) {
  const what = select(
    [
      ["shelf", "The goods go back to the shelf"],
      ["off", "The goods are written off"],
    ],
    {},
  )
  const { shift } = shop()
  const giveBack = () =>
    ask(`/v1/orders/${order.id}/return`, {
      method: "PATCH",
      key: `return-${order.id}-${what.value}.${session().worker}`,
      body: {
        data: {
          type: "orders",
          id: order.id,
          attributes: { withWriteOff: what.value === "off" },
          relationships: { returnedBy: to("workers", session().worker), ...(shift === undefined ? {} : { shift: to("shifts", shift.id) }) },
        },
      },
    })
  return element(
    "section",
    { className: "card", ariaLabel: "Return" },
    element("h3", {}, "Return"),
    field("What came back", what),
    button("Return the order", () => {
      void change("Returned, and the money went back.", giveBack, ...refundsOf(payments), () => void loadShelf().catch(() => {}))
    }),
  )
}

// How the bill is paid: by one method.
import { element } from "./element.js"

const methods = { cash: "Cash", card: "Card", bonus: "Bonus", gift_card: "Gift card" }

export function openTenders(place, onChange) {
  let method

  function become(next) {
    method = next
    show()
    onChange()
  }

  function show() {
    const buttons = Object.keys(methods).map(methodButton)
    place.replaceChildren(element("div", { className: "methods", role: "group", ariaLabel: "Pay by" }, ...buttons))
  }

  function methodButton(name) {
    const button = element("button", { type: "button", ariaPressed: String(name === method) }, methods[name])
    button.addEventListener("click", () => become(name))
    return button
  }

  return {
    ask: show,
    /** The part of the request that says how it is paid; undefined until that is settled. */
    chosen: () => (method === undefined ? undefined : { method }),
    clear: () => become(undefined),
  }
}

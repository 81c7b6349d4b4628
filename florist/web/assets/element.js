// Makes elements. Text stays text: nothing here reads HTML. Called by every view.

/** @param properties of the element; `on` holds listeners, `data` and `aria` what their prefixes say; undefined children are left out. */
export function element(tag, { on = {}, data = {}, aria = {}, ...properties } = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue
    if (name === "for") made.htmlFor = value
    else if (name in made) made[name] = value
    else made.setAttribute(name, value)
  }
  for (const [name, value] of Object.entries(data)) made.dataset[name] = value
  for (const [name, value] of Object.entries(aria)) if (value !== undefined) made.setAttribute(`aria-${name}`, value)
  for (const [name, listener] of Object.entries(on)) made.addEventListener(name, listener)
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false))
  return made
}

export const button = (label, click, { className = "", ...more } = {}) =>
  element("button", { type: "button", className, on: { click }, ...more }, label)

/** A label with its field below it. */
export function field(label, input, hint) {
  input.id ||= `field-${label.toLowerCase().replaceAll(/\W+/g, "-")}`
  return element("div", { className: "field" }, element("label", { for: input.id }, label), input, hint)
}

export const input = (properties = {}) => element("input", { autocomplete: "off", ...properties })

/** @param options pairs of value and label. */
export function select(options, { value, ...more } = {}) {
  const made = element(
    "select",
    more,
    options.map(([of, label]) => element("option", { value: of }, label)),
  )
  if (value !== undefined) made.value = value
  return made
}

export const empty = (text) => element("p", { className: "empty" }, text)

/** What could not be done, in a place that screen readers speak at once. */
export function problemText(problem) {
  return element("p", { className: "problem", role: "alert" }, problem.message)
}

/** New children, with the focus where it was: on the one with the same `data-key`. */
export function redraw(place, ...children) {
  const focused = place.contains(document.activeElement) ? document.activeElement : undefined
  place.replaceChildren(...children.flat())
  if (focused === undefined || focused === place) return
  const again = focused.dataset.key === undefined ? undefined : place.querySelector(`[data-key="${CSS.escape(focused.dataset.key)}"]`)
  const next = again?.disabled === false ? again : place.querySelector("button:not(:disabled)")
  next?.focus()
}

/** After the focus has moved on, so that drawing anew does not lose it. */
export const whenLeft = (work) => setTimeout(() => work())

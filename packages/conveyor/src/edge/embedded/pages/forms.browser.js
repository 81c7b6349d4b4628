// What was typed, kept across a page's own reload, served as /.conveyor/forms.js and loaded by the page's script when it is needed.

const fields = "input, select, textarea"
const untyped = new Set(["submit", "button", "reset", "image", "hidden", "file", "password"])
const secret = /^(cc-.*|one-time-code|.*-password)$/
const lookingMs = 15_000

// What may be kept of the fields that were touched, as JSON takes it.
export function collect(touched) {
  const all = fieldsToKeep()
  const radios = new Set([...touched].filter(({ type }) => type === "radio").map(({ name }) => name))
  return all
    .filter((field) => touched.has(field) || (field.type === "radio" && radios.has(field.name)))
    .map((field) => {
      const nth = all.filter((other) => nameOf(other) === nameOf(field)).indexOf(field)
      const chosen = field.selectedOptions && [...field.selectedOptions].map(({ value }) => value)
      return { name: nameOf(field), nth, value: field.value, checked: field.checked, chosen }
    })
}

// Fills the fields as they come: the document may still be loading, and scripts may make the form later still.
export function restore(typed, touch) {
  let left = typed
  const observer = new MutationObserver(tryAll)
  observer.observe(document, { childList: true, subtree: true })
  setTimeout(() => observer.disconnect(), lookingMs)
  addEventListener("load", tryAll, { once: true })
  tryAll()

  function tryAll() {
    const all = fieldsToKeep()
    left = left.filter((entry) => {
      const field = all.filter((candidate) => nameOf(candidate) === entry.name)[entry.nth]
      if (field === undefined) return true
      refill(field, entry)
      touch(field)
      for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }))
      return false
    })
    if (left.length === 0) observer.disconnect()
  }
}

function refill(field, { value, checked, chosen }) {
  if (chosen) for (const option of field.options) option.selected = chosen.includes(option.value)
  else if (field.type === "checkbox" || field.type === "radio") field.checked = checked
  else field.value = value
}

function fieldsToKeep() {
  return [...document.querySelectorAll(fields)].filter((field) => {
    const hints = (field.autocomplete ?? "").split(/\s+/)
    return !untyped.has(field.type) && !hints.some((hint) => secret.test(hint)) && field.closest("[data-conveyor-nosave]") === null
  })
}

function nameOf(field) {
  return field.id ? `#${field.id}` : `${field.form?.name ?? ""}/${field.name}/${field.type === "radio" ? field.value : ""}`
}

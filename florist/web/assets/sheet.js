// A sheet over the page: keyboard and screen readers stay in it until it is closed. Called by every view that asks something.
import { button, element, problemText } from "./element.js"

/** @param fill gets the sheet's body and `close`. */
export function openSheet(title, fill, { className = "", onClose = () => {} } = {}) {
  const heading = element("h2", {}, title)
  const body = element("div", { className: "sheet-body" })
  const dialog = element("dialog", { className: `sheet ${className}`, aria: { label: title } })
  const close = () => dialog.close()
  dialog.append(
    element("header", { className: "sheet-head" }, heading, button("×", close, { className: "plain", ariaLabel: "Close" })),
    body,
  )
  dialog.addEventListener("close", () => {
    dialog.remove()
    onClose()
  })
  document.body.append(dialog)
  fill(body, close, (text) => heading.replaceChildren(text))
  dialog.showModal()
  return { body, close }
}

/**
 * A form in a sheet. Whoever submits the same again sends the same key, so that a lost answer has no second effect.
 * @param send gets the form and a key; the sheet closes when it is done, and shows the Problem otherwise.
 */
export function openForm(title, fields, label, send) {
  openSheet(title, (body, close) => {
    const problem = element("div", {})
    const submit = element("button", { type: "submit", className: "main" }, label)
    const form = element("form", { noValidate: true }, fields, problem, submit)
    let key
    let sent
    form.addEventListener("submit", async (event) => {
      event.preventDefault()
      const content = JSON.stringify([...new FormData(form)])
      if (content !== sent) key = crypto.getRandomValues(new Uint32Array(4)).join("-")
      sent = content
      submit.disabled = true
      problem.replaceChildren()
      try {
        await send(form, key)
        close()
      } catch (thrown) {
        problem.replaceChildren(problemText(thrown))
      } finally {
        submit.disabled = false
      }
    })
    body.append(form)
  })
}

/** What happened, said once, without taking anybody's focus. */
export function say(text) {
  const place = document.getElementById("said")
  place.textContent = text
  place.classList.add("shown")
  clearTimeout(say.timer)
  say.timer = setTimeout(() => place.classList.remove("shown"), 4_000)
}

// The sign-in form. Called by the page where nobody is signed in.
import { signIn } from "./api.js"
import { element, field, input } from "./element.js"

const wrong = { "wrong-credentials": "The name or the password is wrong.", "too-many-attempts": undefined }

export function signInView(onSignedIn, notice) {
  const name = input({ name: "username", autocomplete: "username", autocapitalize: "none", spellcheck: false, required: true })
  const password = input({ name: "password", type: "password", autocomplete: "current-password", required: true })
  const submit = element("button", { type: "submit", className: "main" }, "Sign in")
  const problem = element("p", { className: "problem", role: "alert" })
  const form = element(
    "form",
    { className: "sign-in", noValidate: true },
    element("img", { src: "/assets/flower.svg", alt: "", width: 56, height: 56 }),
    element("h1", {}, "Kassa"),
    notice === undefined ? "" : element("p", { className: "notice" }, notice),
    field("User name", name),
    field("Password", password),
    problem,
    submit,
  )
  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    problem.textContent = ""
    if (name.value === "" || password.value === "") {
      problem.textContent = "Type both the user name and the password."
      ;(name.value === "" ? name : password).focus()
      return
    }
    submit.disabled = true
    try {
      await signIn(name.value.trim(), password.value)
      onSignedIn()
    } catch (thrown) {
      problem.textContent =
        thrown.kind === "unreachable" && thrown.status === undefined
          ? "No connection; try again in a moment."
          : (wrong[thrown.code] ?? thrown.message)
      password.select()
    } finally {
      submit.disabled = false
    }
  })
  return form
}

// The cash register of a flower shop. This file ties sessions, screens, the connection and what waits to the page.
import { isOffline, onConnection, session, signOut, token } from "./api.js"
import { button, element, select } from "./element.js"
import { keep, kept } from "./keep.js"
import { drop, jobs, onJobs, pump, waiting } from "./outbox.js"
import { follow, followCurrent, followed } from "./pay.js"
import { may } from "./role.js"
import { ordersView } from "./orders-view.js"
import { saleView } from "./sale-view.js"
import { shiftView } from "./shift-view.js"
import { signInView } from "./sign-in.js"
import { chooseStore, load, onShop, openKept, shop, store } from "./shop.js"
import { stockView } from "./stock-view.js"
import { todayView } from "./today-view.js"

const screens = [
  { name: "sale", title: "Sale", needs: "sell", view: saleView },
  { name: "orders", title: "Orders", needs: "deliver", view: ordersView },
  { name: "stock", title: "Stock", needs: "seeStock", view: stockView },
  { name: "shift", title: "Shift", needs: "sell", view: shiftView },
  { name: "today", title: "Today", needs: "manage", view: todayView },
]
const loadAgainAfterMs = 5_000
/** Prices and goods change while the page is open. */
const freshForMs = 5 * 60_000
const byId = (id) => document.getElementById(id)
let shown
let loading

onConnection((what) => {
  if (what === "signed-out") return showSignIn("The session has ended. Sign in again; nothing is lost.")
  showConnection()
})
onJobs((changed) => {
  // Its customer has left: nobody looks at its receipt.
  if (changed?.state === "done" && changed.handedOver === true) drop(changed.id)
  showConnection()
})
onShop(showStore)
addEventListener("hashchange", showScreen)
byId("waiting").addEventListener("click", () => {
  const [first] = jobs().filter(({ state }) => state === "refused" || state === "paying")
  if (first === undefined) void pump()
  else follow(first.id)
})
setInterval(() => {
  if (document.visibilityState === "visible" && session() !== undefined) void start()
}, freshForMs)
showVersion()
if (session() === undefined) showSignIn()
else showRegister()

function showSignIn(notice) {
  document.body.className = "signed-out"
  byId("screen").replaceChildren(signInView(showRegister, notice))
  byId("screen").querySelector("input").focus()
}

function showRegister() {
  document.body.className = ""
  const who = session()
  openKept()
  byId("tabs").replaceChildren(
    ...screens
      .filter(({ needs }) => may(who, needs))
      .map(({ name, title }) => element("a", { href: `#${name}`, data: { screen: name } }, title)),
  )
  byId("who").replaceChildren(
    element("span", { className: "name" }, who.name),
    button("Sign out", async () => {
      const count = waiting().length
      const question = `${count} waiting on this device are sent when somebody of this shop signs in again. Sign out?`
      if (count > 0 && !confirm(question)) return
      await signOut()
      location.reload()
    }),
  )
  shown = undefined
  showScreen()
  showStore()
  showConnection()
  followCurrent()
  void start()
}

async function start() {
  clearTimeout(loading)
  try {
    await token()
    void pump()
    await load()
  } catch (problem) {
    if (problem.kind === "signed-out") return
    if (problem.kind === "refused") byId("said").textContent = problem.message
    loading = setTimeout(() => void start(), loadAgainAfterMs)
  }
}

function showScreen() {
  const who = session()
  if (who === undefined) return
  const offered = screens.filter(({ needs }) => may(who, needs))
  const [asked] = location.hash.slice(1).split("/")
  const screen = offered.find(({ name }) => name === asked) ?? offered.find(({ name }) => name === kept("screen")) ?? offered[0]
  for (const tab of byId("tabs").children) {
    if (tab.dataset.screen === screen.name) tab.setAttribute("aria-current", "page")
    else tab.removeAttribute("aria-current")
  }
  if (shown === screen.name) return
  shown = screen.name
  keep("screen", screen.name)
  document.title = `${screen.title}, Kassa`
  byId("screen").replaceChildren(screen.view())
}

function showStore() {
  const { stores } = shop()
  const here = store()
  if (stores.length < 2) return byId("store").replaceChildren(here?.title ?? "")
  const choice = select(
    stores.map(({ id, title }) => [id, title]),
    { value: here.id, ariaLabel: "Store" },
  )
  choice.addEventListener("change", async () => {
    await chooseStore(choice.value).catch(() => {})
    shown = undefined
    showScreen()
  })
  byId("store").replaceChildren(choice)
}

function showConnection() {
  if (session() === undefined) return
  const count = waiting().filter(({ id }) => id !== followed() || isOffline()).length
  const stuck = jobs().filter(({ id, state }) => id !== followed() && (state === "refused" || state === "paying")).length
  const offline = isOffline()
  byId("connection").textContent = offline ? "Offline" : "Online"
  byId("connection").className = offline ? "offline" : "online"
  const text = stuck > 0 ? `${stuck} to finish` : `${count} waiting`
  byId("waiting").hidden = count === 0 && stuck === 0
  byId("waiting").textContent = text
  byId("waiting").className = stuck > 0 ? "stuck" : ""
}

function showVersion() {
  const version = globalThis.conveyor?.version
  byId("version").textContent = version === undefined ? "" : `Version ${version}`
}

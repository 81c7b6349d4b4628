// The page script in a real browser: what a user of an old version sees, and does not lose.
import assert from "node:assert/strict"
import { tableOf } from "../../contract/tables.ts"
import { soon } from "../../contract/traffic.ts"
import { inBrowser, shop } from "./browser-stage.ts"

const never = new AbortController().signal

inBrowser("keeps two tabs on two versions, for whatever a page can ask with", async ({ under, v1, v2, openPage }) => {
  const oldTab = await openPage()
  await under.edge.apply(tableOf({ generation: 2, current: "v2", copies: [v1, v2] }), never)
  const newTab = await openPage()
  assert.match(await newTab.evaluate("document.cookie"), /^conveyor-version=v2(~|$)/)
  for (const [tab, version] of [
    [oldTab, "v1"],
    [newTab, "v2"],
    [oldTab, "v1"],
  ] as const) {
    assert.equal(await tab.evaluate("conveyor.version"), version)
    assert.equal(await tab.evaluate("fetch('/a').then((answer) => answer.text())"), `${version} GET /a `)
    assert.equal(
      await tab.evaluate("fetch(new Request('/b', { method: 'POST', body: 'x' })).then((answer) => answer.text())"),
      `${version} POST /b x`,
    )
    assert.equal(await tab.evaluate(viaXhr), `${version} GET /c `)
    assert.equal(await tab.evaluate(viaEventSource), `hello from ${version}`)
    assert.equal(await tab.evaluate(viaWebSocket), `hello from ${version}`)
  }
})

inBrowser(
  "counts down, waits for what is being typed until the deadline, and keeps it across the reload",
  async ({ under, openPage, release }) => {
    const page = await openPage()
    await page.locator("#customer").pressSequentially("Rosa")
    await page.locator("[name=note]").fill("two bouquets")
    await page.locator("[name=flower]").press("t")
    await page.locator("[name=gift]").check()
    await page.locator("[name=secret]").pressSequentially("1234")
    await release(2, 3_000)
    const banner = page.locator("conveyor-notice")
    await banner.waitFor()
    const text = await banner.locator("[role=status]").textContent()
    assert.match(text ?? "", /^A new version is ready\. This page reloads in 0:0\d\. What you have typed is kept\.$/)
    await page.getByText("shop of v2").waitFor()
    await soon("the note to be back", async () => (await page.locator("[name=note]").inputValue()) === "two bouquets")
    assert.equal(await page.locator("#customer").inputValue(), "Rosa")
    assert.equal(await page.locator("[name=flower]").inputValue(), "tulip")
    assert.equal(await page.locator("[name=gift]").isChecked(), true)
    assert.equal(await page.locator("[name=secret]").inputValue(), "")
    await soon("the edge to count the reload", async () => (await under.edge.observe(never)).versions["v1"]?.pagesReloaded === 1)
    assert.equal((await under.edge.observe(never)).versions["v1"]?.pagesTold, 1)
  },
)

inBrowser("hides for later, and reloads at once on request", async ({ openPage, release }) => {
  const [patient, eager] = [await openPage(), await openPage()]
  await release(2, 900_000)
  await patient.getByRole("button", { name: "Later" }).click()
  await patient.locator("conveyor-notice").waitFor({ state: "detached" })
  await eager.locator("conveyor-notice").waitFor()
  assert.match((await eager.locator("[role=timer]").textContent()) ?? "", /^1[34]:\d\d$/)
  await eager.getByRole("button", { name: "Reload now" }).click()
  await eager.getByText("shop of v2").waitFor()
  assert.equal(await patient.locator("h1").textContent(), "shop of v1")
})

inBrowser("goes away when the release is taken back", async ({ under, v1, v2, openPage, release }) => {
  const page = await openPage()
  await release(2, 900_000)
  await page.locator("conveyor-notice").waitFor()
  await under.edge.apply(tableOf({ generation: 3, current: "v1", copies: [v1, v2] }), never)
  await page.locator("conveyor-notice").waitFor({ state: "detached" })
})

inBrowser("lets the page show its own notice and choose its own moment", async ({ openPage, release }) => {
  const page = await openPage()
  await page.evaluate(`
    window.asked = []
    addEventListener("conveyor:notice", (event) => { asked.push("notice to " + event.detail.current); event.preventDefault() })
    addEventListener("conveyor:reload", (event) => { asked.push("reload"); event.preventDefault() })`)
  await release(2, 300)
  await soon("the page to be asked", async () => (await page.evaluate("asked.join()")) === "notice to v2,reload")
  assert.equal(await page.locator("conveyor-notice").count(), 0)
  assert.equal(await page.locator("h1").textContent(), "shop of v1")
})

inBrowser("stops reloading a page that keeps coming back old, and asks its user instead", async ({ under, v2, context }) => {
  await under.edge.apply(tableOf({ generation: 2, current: "v2", copies: [v2] }), never)
  let loads = 0
  await context.route("**/page.html", (route) => {
    loads++
    return route.fulfill({ body: shop("v1"), contentType: "text/html", headers: { "server-timing": 'conveyor;desc="v1"' } })
  })
  const page = await context.newPage()
  await page.goto(`${under.url}/page.html`)
  await page.getByText("Please reload this page.").waitFor({ timeout: 20_000 })
  assert.equal(loads, 4)
  await page.getByRole("button", { name: "Reload now" }).click()
  await soon("the load that the user asked for", () => loads === 5)
})

const viaXhr = `new Promise((resolve) => {
  const request = new XMLHttpRequest()
  request.open("GET", "/c")
  request.onload = () => resolve(request.responseText)
  request.send()
})`

const viaEventSource = `new Promise((resolve) => {
  const events = new EventSource("/events")
  events.onmessage = ({ data }) => { events.close(); resolve(data) }
})`

const viaWebSocket = `new Promise((resolve) => {
  const socket = new WebSocket("/socket")
  socket.onmessage = ({ data }) => { socket.close(); resolve(data) }
})`

// The page script in a real browser: what a user of an old version sees, and does not lose.
import assert from "node:assert/strict"
import { existsSync } from "node:fs"
import { after, test } from "node:test"
import { chromium } from "playwright-core"
import type { Browser, BrowserContext, Page } from "playwright-core"
import type { TestCopy } from "../../contract/copies.ts"
import { startCopy } from "../../contract/copies.ts"
import { tableOf } from "../../contract/tables.ts"
import { soon } from "../../contract/traffic.ts"
import { embeddedEdge } from "../embedded-edge.ts"
import type { EmbeddedEdgeUnderTest } from "../embedded-edge.ts"

const never = new AbortController().signal

// One browser for all tests of the file; each has a profile of its own, empty at first.
let launched: Promise<Browser> | undefined
const browser = () => (launched ??= chromium.launch({ executablePath: installedChromium(), args: browserArguments }))
after(async () => (await launched)?.close())

interface Stage {
  under: EmbeddedEdgeUnderTest
  v1: TestCopy
  v2: TestCopy
  context: BrowserContext
  openPage: () => Promise<Page>
  /** v2 is current; pages of v1 reload within so many ms. */
  release: (generation: number, reloadInMs: number) => Promise<void>
}

function inBrowser(promise: string, body: (stage: Stage) => Promise<void>): void {
  test(`page script: ${promise}`, async () => {
    const context = await (await browser()).newContext()
    const under = await embeddedEdge()
    try {
      await using v1 = await startCopy("v1", shop("v1"))
      await using v2 = await startCopy("v2", shop("v2"))
      await under.edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
      const openPage = async () => {
        const page = await context.newPage()
        await page.goto(`${under.url}/page.html`)
        return page
      }
      const release = async (generation: number, reloadInMs: number) => {
        const notices = { v1: { announcedAt: Date.now(), reloadBy: Date.now() + reloadInMs } }
        await under.edge.apply(tableOf({ generation, current: "v2", copies: [v1, v2], notices }), never)
      }
      await body({ under, v1, v2, context, openPage, release })
    } finally {
      await context.close()
      await under.close()
    }
  })
}

inBrowser("keeps two tabs on two versions, for whatever a page can ask with", async ({ under, v1, v2, openPage }) => {
  const oldTab = await openPage()
  await under.edge.apply(tableOf({ generation: 2, current: "v2", copies: [v1, v2] }), never)
  const newTab = await openPage()
  assert.equal(await newTab.evaluate("document.cookie"), "conveyor-version=v2")
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

const browserArguments = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

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

function shop(version: string): string {
  return `<!doctype html><html lang="en"><head><script src="/.conveyor/client.js"></script><title>Shop</title></head><body>
    <h1>shop of ${version}</h1>
    <form><input id="customer" name="customer"><textarea name="note"></textarea>
    <select name="flower"><option value="rose">Rose</option><option value="tulip">Tulip</option></select>
    <input type="checkbox" name="gift"><input type="password" name="secret"></form></body></html>`
}

function installedChromium(): string {
  const places = [process.env["CHROMIUM_PATH"] ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  const found = places.find((place) => place !== "" && existsSync(place))
  assert.ok(
    found,
    "This test needs Chromium: `apt-get install -y chromium`, or set CHROMIUM_PATH to a Chromium or Chrome that is installed.",
  )
  return found
}

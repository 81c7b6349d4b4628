// What only a real browser shows of pages: forms, caches, files of other versions, many tabs, and the notice above everything.
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Page } from "playwright-core"
import { tableOf } from "../../contract/tables.ts"
import { soon } from "../../contract/traffic.ts"
import { BrowserScript } from "./browser-script.ts"
import { inBrowser } from "./browser-stage.ts"

const never = new AbortController().signal

test("the page script takes less than 3 kB on the wire", () => {
  assert.ok(new BrowserScript("client").gzipped.length < 3_000)
})

for (const [how, submit] of [
  ["a button", `document.querySelector("#send").click()`],
  ["a button with an address of its own", `document.querySelector("#elsewhere").click()`],
  ["a script", `document.querySelector("#order").submit()`],
] as const) {
  inBrowser(
    `a form that ${how} posts reaches the version that drew it, while another tab is of the next`,
    async ({ openPage, release }) => {
      const page = await openPage()
      await release(2, 900_000)
      await openPage()
      await page.evaluate(
        `document.body.insertAdjacentHTML("beforeend", '<form id="order" method="post" action="/order?a=1"><input name="flower" value="rose"><button id="send">Send</button><button id="elsewhere" formaction="/order?a=1">Send</button></form>')`,
      )
      await Promise.all([page.waitForURL(/order/), page.evaluate(submit)])
      await page.waitForLoadState()
      assert.equal((await page.locator("body").textContent())?.trim(), "v1 POST /order?a=1 flower=rose")
    },
  )
}

inBrowser("a form of a page without the script is posted to the version of its own URL", async ({ under, v1, v2, context }) => {
  const page = await context.newPage()
  await page.goto(`${under.url}/first`)
  await under.edge.apply(tableOf({ generation: 2, current: "v2", copies: [v1, v2] }), never)
  await (await context.newPage()).goto(`${under.url}/second`)
  await page.evaluate(`document.body.innerHTML = '<form method="post" action="/order"><input name="flower" value="rose"></form>'`)
  await Promise.all([page.waitForURL(/order/), page.evaluate("document.forms[0].submit()")])
  assert.equal((await page.locator("body").textContent())?.trim(), "v1 POST /order flower=rose")
})

inBrowser("what the browser has kept of the old version is not given to a page of the new one", async ({ openPage, release }) => {
  const page = await openPage()
  assert.deepEqual(await codes(page), { fetched: "v1", script: "v1" })
  await release(2, 900_000)
  await page.goto(page.url())
  assert.deepEqual(await codes(page), { fetched: "v2", script: "v2" })
})

inBrowser("finds the files of an old page's build though the cookie has gone on to the next version", async ({ openPage, release }) => {
  const page = await openPage()
  await release(2, 900_000)
  await openPage()
  for (const version of ["v1", "v2"]) {
    await page.evaluate(load(`/assets/${version}.js`))
    assert.equal(await page.evaluate("assetOf"), version)
  }
})

inBrowser("eight tabs of one browser share a channel, are all counted, and are all told", async ({ under, openPage, release }) => {
  const tabs: Page[] = []
  for (let i = 0; i < 8; i++) tabs.push(await openPage())
  for (const tab of tabs) assert.equal(await tab.evaluate("fetch('/a').then((answer) => answer.text())"), "v1 GET /a ")
  await soon("all to be counted", async () => (await under.edge.observe(never)).versions["v1"]?.pages === 8)
  await tabs[0]?.close()
  await release(2, 900_000)
  for (const tab of tabs.slice(1)) await tab.locator("conveyor-notice").waitFor()
})

inBrowser("the notice can be reached above an open dialog, and speaks the language of the page", async ({ openPage, release }) => {
  const page = await openPage()
  await page.evaluate(`document.documentElement.lang = "ru"
    document.body.insertAdjacentHTML("beforeend", '<dialog style="width: 100%; height: 100%">Dialog</dialog>')
    document.querySelector("dialog").showModal()`)
  await release(2, 900_000)
  await page.getByText("Вышла новая версия. Страница обновится через").waitFor()
  await page.getByRole("button", { name: "Позже" }).click()
  await page.locator("conveyor-notice").waitFor({ state: "detached" })
})

inBrowser("waits for what the application is in the middle of, and goes on when it is done", async ({ openPage, release }) => {
  const page = await openPage()
  await page.evaluate(`dispatchEvent(new CustomEvent("conveyor:busy", { detail: new Promise((done) => (window.paid = done)) }))`)
  await release(2, 100)
  await page.getByText("This page reloads once what is under way is done.").waitFor()
  await soon("the deadline to be past", async () => ((await page.evaluate("performance.now()")) as number) > 1_500)
  assert.equal(await page.locator("h1").textContent(), "shop of v1")
  await page.evaluate("paid()")
  await page.getByText("shop of v2").waitFor()
})

inBrowser("lets the application reload from a notice of its own", async ({ openPage, release }) => {
  const page = await openPage()
  await page.evaluate(
    `addEventListener("conveyor:notice", (event) => { event.preventDefault(); window.reloadFromMine = event.detail.reload })`,
  )
  await release(2, 900_000)
  await page.waitForFunction("window.reloadFromMine")
  await page.evaluate("reloadFromMine()")
  await page.getByText("shop of v2").waitFor()
})

inBrowser(
  "where workers cannot be shared, each tab that is looked at has a channel of its own",
  async ({ under, context, openPage, release }) => {
    await context.addInitScript("delete window.SharedWorker")
    const page = await openPage()
    await soon("it to be counted", async () => (await under.edge.observe(never)).versions["v1"]?.pages === 1)
    await release(2, 900_000)
    await page.locator("conveyor-notice").waitFor()
  },
)

const load = (src: string) =>
  `new Promise((resolve) => document.head.append(Object.assign(document.createElement("script"), { src: ${JSON.stringify(src)}, onload: resolve })))`

const codes = async (page: Page) => ({
  fetched: await page.evaluate(`fetch("/kept.js").then((answer) => answer.text()).then((text) => text.slice(-3, -1))`),
  script: await page.evaluate(`${load("/kept.js")}.then(() => window.codeOf)`),
})

// The cash register in a real browser, on both versions of the services.
import assert from "node:assert/strict"
import { existsSync } from "node:fs"
import { createServer, request } from "node:http"
import type { AddressInfo } from "node:net"
import { after, before, test } from "node:test"
import { chromium } from "playwright-core"
import type { Browser, Page } from "playwright-core"
import { shop, startCopy, startPlatform } from "../../payments/test/platform.ts"
import type { Platform } from "../../payments/test/platform.ts"
import type { HistoryVersion } from "../../../demo/src/history.ts"

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium"
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
const more = ["--disable-component-update", "--disable-sync"]

let platform: Platform
let browser: Browser

before(async () => {
  assert.ok(existsSync(executablePath), `There is no ${executablePath}: apt-get install chromium, or name another one in CHROMIUM.`)
  platform = await startPlatform()
  await platform.shard.query(`
    INSERT INTO catalog.item VALUES
      (${shop}, 1, '25 red roses', 'bouquet', 499000), (${shop}, 2, 'White rose', 'stem', 22050), (${shop}, 3, 'Orchid', 'plant', 280000)`)
  browser = await chromium.launch({ executablePath, args: [...flags, ...more] })
})

after(async () => {
  await browser?.close()
  await platform?.[Symbol.asyncDispose]()
})

test("v1: two roses are paid by card, and the payment comes up in the list by itself", async () => {
  await using front = await startFront("v1")
  await using tab = await openPage(front.url)
  const { page } = tab
  await page.getByRole("button", { name: "White rose" }).first().click()
  await page.getByRole("button", { name: "One White rose more" }).click()
  await page.getByRole("button", { name: "Card", exact: true }).click()
  await page.getByRole("button", { name: "Take payment" }).click()
  await page.getByText("441 ₽ taken.").waitFor()
  await page.locator("#latest li", { hasText: "Card" }).filter({ hasText: "441 ₽" }).first().waitFor()
  assert.equal(await page.getByRole("button", { name: "QR" }).count(), 0)
  assert.deepEqual(tab.errors, [])
})

test("v2: a bouquet is paid by bonus and QR together; money cannot be left over", async () => {
  await using front = await startFront("v2")
  await using tab = await openPage(front.url)
  const { page } = tab
  const pay = page.getByRole("button", { name: "Take payment" })
  await page.getByRole("button", { name: "25 red roses" }).first().click()
  await page.getByRole("button", { name: "Bonus" }).first().click()
  const bonus = page.getByRole("textbox", { name: "Bonus, roubles" })
  await bonus.fill("1000,50")
  await bonus.press("Tab")
  await page.getByText(/3\s989,50\s₽ left/).waitFor()
  assert.equal(await pay.isDisabled(), true)
  await page.getByRole("button", { name: "QR" }).first().click()
  await pay.click()
  await page.getByText(/4\s990\s₽ taken\./).waitFor()
  await page.locator("#latest li", { hasText: "Bonus + QR" }).first().waitFor()
  assert.deepEqual(tab.errors, [])
})

test("a reload in the middle of a bill loses nothing of it", async () => {
  await using front = await startFront("v2")
  await using tab = await openPage(front.url)
  await tab.page.getByRole("button", { name: "Orchid" }).first().click()
  await tab.page.reload()
  await tab.page.locator("#bill li", { hasText: "Orchid" }).waitFor()
})

test("a payment whose answer is lost is asked for again with the same id, also after a reload, and paid once", async () => {
  await using front = await startFront("v2")
  await using tab = await openPage(front.url)
  const { page } = tab
  await page.getByRole("button", { name: "Orchid" }).first().click()
  await page.getByRole("button", { name: "Cash" }).first().click()
  const before = await payments()
  front.answersToPosts = "lost"
  await page.getByRole("button", { name: "Take payment" }).click()
  await page.getByText("cannot pay twice").waitFor()
  front.answersToPosts = "arrive"
  await page.reload()
  await page.getByRole("button", { name: "Ask again" }).click()
  await page.getByText(/2\s800\s₽ taken\./).waitFor()
  assert.equal(await payments(), before + 1)
})

async function payments(): Promise<number> {
  return (await platform.shard.query("SELECT FROM payments.payment")).rowCount ?? 0
}

interface Tab extends AsyncDisposable {
  page: Page
  /** What the page's scripts threw. */
  errors: string[]
}

async function openPage(url: string): Promise<Tab> {
  const page = await browser.newPage()
  const errors: string[] = []
  page.on("pageerror", ({ message }) => errors.push(message))
  page.setDefaultTimeout(15_000)
  await page.goto(`${url}/?shop=${shop}`)
  await page.getByText("Rose, Tver").waitFor()
  return { page, errors, [Symbol.asyncDispose]: () => page.close() }
}

interface Front extends AsyncDisposable {
  url: string
  /** "lost": a POST is done, and its answer does not arrive; a browser may ask again by itself. */
  answersToPosts: "arrive" | "lost"
}

/** Both services behind one address, as a proxy would show them. */
async function startFront(version: HistoryVersion): Promise<Front> {
  const { directoryUrl } = platform
  const [payments, catalog] = await Promise.all([
    startCopy({ version, directoryUrl }),
    startCopy({ version, directoryUrl, service: "catalog" }),
  ])
  const server = createServer((asked, answer) => {
    const { url = "/", method = "GET", headers } = asked
    const upstream = request((url.startsWith("/api/v1/payments") ? payments : catalog).url + url, { method, headers }, (come) => {
      if (front.answersToPosts === "lost" && method === "POST") {
        answer.destroy()
        return
      }
      answer.writeHead(come.statusCode ?? 502, { ...come.headers, "x-conveyor-version": version })
      come.pipe(answer)
    })
    upstream.on("error", () => answer.destroy())
    answer.on("close", () => upstream.destroy())
    asked.pipe(upstream)
  }).listen(0, "127.0.0.1")
  await new Promise((resolve) => server.once("listening", resolve))
  const front: Front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answersToPosts: "arrive",
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await Promise.all([payments[Symbol.asyncDispose](), catalog[Symbol.asyncDispose]()])
    },
  }
  return front
}

// The register in a real browser, against every service, a real database and the simulated bank.
import assert from "node:assert/strict"
import { existsSync } from "node:fs"
import { after, before, test } from "node:test"
import { chromium } from "playwright-core"
import type { Browser, BrowserContext, Locator, Page, Route } from "playwright-core"
import { ShopClient, exchangeOver } from "../../../demo/src/shop/client.ts"
import { startPlatform } from "../../../demo/src/shop/platform.ts"
import type { Platform } from "../../../demo/src/shop/platform.ts"
import { settle } from "../../../demo/src/shop/settle.ts"
import { document, resource, to } from "../../../demo/src/shop/wire.ts"

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium"
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
const password = "a password of the tests"
const evilName = `Rose <img src=x onerror="globalThis.attacked = true">`

let platform: Platform
let browser: Browser
let owner: ShopClient
let store: string
const stop = new AbortController()
const items = new Map<string, string>()

before(async () => {
  assert.ok(existsSync(executablePath), `There is no ${executablePath}: apt-get install chromium, or name another one in CHROMIUM.`)
  platform = await startPlatform({ signal: stop.signal, shardCount: 1, shops: [1], logLevel: "silent" })
  const [shard] = platform.shards
  const opened = await platform.openShop({
    ...{ id: 1, shard: shard?.name ?? "", name: "Rose", city: "Tver" },
    store: { title: "Embankment", address: "Stepana Razina 3" },
    owner: { username: "olga", firstName: "Olga", lastName: "Vetrova", password },
  })
  store = opened.store
  owner = await ShopClient.signIn({ signal: stop.signal, exchange: exchangeOver(platform.services.url) }, "olga", password)
  await furnish()
  browser = await chromium.launch({ executablePath, args: flags })
})

after(async () => {
  await browser?.close()
  await platform?.[Symbol.asyncDispose]()
})

test("a wrong password is told in words, and a right one opens the register", async () => {
  await using tab = await openTab()
  const { page } = tab
  await page.getByLabel("User name").fill("olga")
  await page.getByLabel("Password").fill("not the password")
  await page.getByRole("button", { name: "Sign in" }).click()
  await page.getByText("The name or the password is wrong.").waitFor()
  await signIn(page)
  await page.getByRole("button", { name: "White rose" }).waitFor()
})

test("a sale is paid in cash with change, by card and by a QR code that the bank tells of", async () => {
  await using tab = await openTab()
  const { page } = tab
  await signIn(page)
  await page.getByRole("button", { name: "White rose" }).click()
  await page.getByRole("button", { name: "One White rose more" }).click()
  await page.getByRole("button", { name: "Pay 441 ₽" }).click()
  const sheet = page.getByRole("dialog")
  await tender(sheet, "Cash", "100,50")
  await sheet.getByLabel("Received").fill("200")
  await sheet.getByLabel("Received").press("Tab")
  await sheet.getByText("Change 99,50 ₽").waitFor()
  await tender(sheet, "Card", "140,50")
  await sheet.getByRole("button", { name: "QR code" }).click()
  await sheet.getByRole("button", { name: "Take 441 ₽" }).click()
  await sheet.getByRole("img", { name: "QR code to pay by" }).waitFor()
  await payLatestCode()
  await sheet.getByRole("article", { name: "Receipt" }).waitFor()
  assert.match(textOf(await sheet.innerText()), /Cash 200 ₽ Card 140,50 ₽ QR code 200 ₽ Change 99,50 ₽/)
  await sheet.getByRole("button", { name: "Next customer" }).click()

  const [order] = await orders()
  assert.equal(order?.attributes.totalAmount, 441)
  const paid = await owner.list("/v1/payments", { "filter[order]": order?.id ?? "" })
  assert.deepEqual(paid.map(({ attributes }) => attributes.amount).toSorted(), [100.5, 140.5, 200])
  assert.deepEqual(tab.errors, [])
})

async function orders() {
  await settle(platform.shards)
  return owner.list("/v1/orders", { "page[size]": 50 })
}

/** The goods, what lies on the shelf, and a register whose shift is open. */
async function furnish(): Promise<void> {
  const lines: object[] = []
  for (const [title, price] of [
    ["White rose", 220.5],
    ["Orchid", 2800],
    [evilName, 150],
  ] as const) {
    const id = crypto.randomUUID()
    items.set(title, id)
    await owner.ask("POST", "/v1/inventory-items", {
      body: document({ type: "inventory-items", id, attributes: { title, itemType: "item", public: true, freshForDays: 5 } }),
    })
    await owner.ask("POST", `/v1/inventory-items/${id}/prices`, {
      body: document({ type: "prices", attributes: { price, status: "on" }, relations: { store: null } }),
    })
    lines.push(resource({ type: "receipt-lines", attributes: { qty: 40, price: 50 }, relations: { item: to("inventory-items", id) } }))
  }
  await settle(platform.shards)
  const receipt = document({
    type: "receipts",
    id: crypto.randomUUID(),
    attributes: { posted: true },
    relations: { store: to("stores", store), lines },
  })
  await owner.send("POST", "/v1/receipts", receipt)
  await owner.send("POST", "/v1/write-off-reasons", document({ type: "write-off-reasons", attributes: { title: "Withered" } }))
  await owner.send("POST", "/v1/discount-reasons", document({ type: "discount-reasons", attributes: { title: "Regular customer" } }))
  const register = document({ type: "registers", attributes: { title: "The register" }, relations: { store: to("stores", store) } })
  const { id } = await owner.send("POST", "/v1/registers", register)
  await owner.send(
    "POST",
    "/v1/shifts",
    document({ type: "shifts", attributes: { openingAmount: 3000 }, relations: { register: to("registers", id) } }),
  )
}

/** The customer of the bank pays the code that was made last. */
async function payLatestCode(): Promise<void> {
  const { bankUrl } = platform.services
  const { qrs } = (await (await fetch(`${bankUrl}/simulator/qrs`)).json()) as { qrs: { id: string }[] }
  const paid = await fetch(`${bankUrl}/simulator/qrs/${qrs[0]?.id}/pay`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ outcome: "success" }),
  })
  assert.equal(paid.status, 200)
}

interface Tab extends AsyncDisposable {
  page: Page
  context: BrowserContext
  /** What the page's scripts threw. */
  errors: string[]
}

async function openTab(): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width: 1024, height: 768 } })
  const page = await context.newPage()
  const errors: string[] = []
  page.on("pageerror", ({ message }) => errors.push(message))
  page.setDefaultTimeout(20_000)
  await page.goto(platform.services.url)
  return { page, context, errors, [Symbol.asyncDispose]: () => context.close() }
}

async function signIn(page: Page): Promise<void> {
  await page.getByLabel("User name").fill("olga")
  await page.getByLabel("Password").fill(password)
  await page.getByRole("button", { name: "Sign in" }).click()
}

async function tender(sheet: Locator, label: string, amount: string): Promise<void> {
  await sheet.getByRole("button", { name: label, exact: true }).click()
  const typed = sheet.getByLabel(`${label}, roubles`)
  await typed.fill(amount)
  await typed.press("Tab")
}

const textOf = (text: string): string => text.replaceAll(/\s+/g, " ")

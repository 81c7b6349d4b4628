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
    id: 1,
    shard: shard?.name ?? "",
    name: "Rose",
    city: "Tver",
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
  await tender(sheet, "Card", "140,50")
  await sheet.getByRole("button", { name: "QR code" }).click()
  // Typed, and taken at once.
  await sheet.getByLabel("Received").fill("200")
  await sheet.getByRole("button", { name: "Take 441 ₽" }).click()
  await sheet.getByRole("img", { name: "QR code to pay by" }).waitFor()
  await payLatestCode()
  await sheet.getByRole("article", { name: "Receipt" }).waitFor()
  assert.match(textOf(await sheet.innerText()), /Cash 200 ₽ Card 140,50 ₽ QR code 200 ₽ Change 99,50 ₽/)
  await sheet.getByRole("button", { name: "Next customer" }).click()

  const [order] = await orders()
  assert.equal(order?.attributes.totalAmount, 441)
  const paid = await owner.list("/v1/payments", { "filter[order]": order?.id ?? "" })
  assert.deepEqual(paid.map(({ attributes }) => attributes.amount).toSorted(byText), [100.5, 140.5, 200])
  assert.deepEqual(tab.errors, [])
})

test("sales go on without a network, through a reload, and each reaches the platform exactly once", async () => {
  await using tab = await openTab()
  const { page } = tab
  await signIn(page)
  const before = await orders()
  const network = await breakableNetwork(page)
  await page.getByRole("button", { name: "Orchid" }).click()
  await page.getByRole("button", { name: "Pay 2 800 ₽" }).click()
  await page.getByRole("dialog").getByRole("button", { name: "Cash", exact: true }).click()
  network.state = "loses answers"
  await page.getByRole("dialog").getByRole("button", { name: "Take 2 800 ₽" }).click()
  await page.getByText("The sale is kept on this device and is sent by itself").waitFor()
  network.state = "down"
  await page.getByRole("dialog").getByRole("button", { name: "Next customer" }).click()
  await page.getByRole("button", { name: "1 waiting" }).waitFor()

  await page.getByRole("button", { name: evilName }).click()
  // More than lies on the shelf: it was sold all the same.
  await page.getByLabel(`Quantity of ${evilName}`).fill("50")
  await page.getByLabel(`Quantity of ${evilName}`).press("Tab")
  await page.reload()
  await page.getByRole("button", { name: "Pay 7 500 ₽" }).click()
  const sheet = page.getByRole("dialog")
  assert.equal(await sheet.getByRole("button", { name: "QR code" }).isDisabled(), true)
  await sheet.getByRole("button", { name: "Cash", exact: true }).click()
  await sheet.getByRole("button", { name: "Take 7 500 ₽" }).click()
  await sheet.getByRole("button", { name: "Next customer" }).click()
  await page.getByRole("button", { name: "2 waiting" }).waitFor()

  network.state = "up"
  await page.getByRole("button", { name: "2 waiting" }).click()
  await page.locator("#waiting").waitFor({ state: "hidden" })
  assert.equal(network.repeated, true, "the order whose answer was lost was sent again")
  const sold = (await orders()).slice(0, -before.length || undefined)
  assert.deepEqual(sold.map(({ attributes }) => [attributes.status, attributes.totalAmount, attributes.paymentsAmount]).toSorted(byText), [
    ["done", 2800, 2800],
    ["done", 7500, 7500],
  ])
  assert.deepEqual(tab.errors, [])
})

test("what is not in stock is not sold, and goes back to the basket", async () => {
  await using tab = await openTab()
  const { page } = tab
  await signIn(page)
  await page.getByRole("button", { name: "Orchid" }).click()
  await page.getByLabel("Quantity of Orchid").fill("100")
  await page.getByLabel("Quantity of Orchid").press("Tab")
  await page.locator("#pay").click()
  const sheet = page.getByRole("dialog")
  await sheet.getByRole("button", { name: "Card", exact: true }).click()
  await sheet.getByRole("button", { name: /^Take/ }).click()
  await sheet.getByRole("button", { name: "Back to the basket" }).click()
  assert.equal(await page.getByLabel("Quantity of Orchid").inputValue(), "100")
  assert.equal(await page.locator("#waiting").isVisible(), false)
})

test("a code that nobody pays is cancelled, and the rest is paid otherwise", async () => {
  await using tab = await openTab()
  const { page } = tab
  await signIn(page)
  await page.getByRole("button", { name: "Orchid" }).click()
  await page.locator("#pay").click()
  const sheet = page.getByRole("dialog")
  await tender(sheet, "Card", "800")
  await sheet.getByRole("button", { name: "QR code" }).click()
  await sheet.getByRole("button", { name: "Take 2 800 ₽" }).click()
  await sheet.getByRole("img", { name: "QR code to pay by" }).waitFor()
  await page.reload()
  await sheet.getByRole("button", { name: "Cancel the code" }).click()
  await sheet.getByRole("button", { name: "Pay the rest otherwise" }).click()
  await sheet.getByRole("button", { name: "Card", exact: true }).click()
  await sheet.getByRole("button", { name: "Take 2 000 ₽" }).click()
  await sheet.getByRole("article", { name: "Receipt" }).waitFor()
  const [order] = await orders()
  assert.deepEqual([order?.attributes.totalAmount, order?.attributes.paymentsAmount], [2800, 2800])
  assert.deepEqual(tab.errors, [])
})

test("a courier is offered deliveries, and nothing to sell or to count", async () => {
  await hire("courier", "timur")
  await using tab = await openTab()
  const { page } = tab
  await signIn(page, "timur")
  await page.getByRole("heading", { name: "Orders" }).waitFor()
  assert.deepEqual(await page.getByRole("navigation", { name: "Screens" }).getByRole("link").allInnerTexts(), ["Orders"])
})

for (const [device, viewport] of Object.entries({ tablet: { width: 1024, height: 768 }, phone: { width: 390, height: 844 } })) {
  test(`every screen fits a ${device}`, async () => {
    await using tab = await openTab()
    const { page } = tab
    await page.setViewportSize(viewport)
    await signIn(page)
    await page.getByRole("button", { name: evilName }).waitFor()
    for (const screen of ["Sale", "Orders", "Stock", "Shift", "Today"]) {
      await page.getByRole("link", { name: screen }).click()
      await page.locator(".tile, .row, .facts").first().waitFor()
      assert.equal(await page.locator("html").evaluate(({ scrollWidth }) => scrollWidth), viewport.width, screen)
    }
    assert.deepEqual(tab.errors, [])
  })
}

test("what people typed stays text", async () => {
  await using tab = await openTab()
  const { page } = tab
  await signIn(page)
  await page.getByRole("button", { name: evilName }).click()
  await page.getByRole("link", { name: "Orders" }).click()
  await page.getByRole("button", { name: /7 500 ₽/ }).click()
  await page.getByText(`${evilName} × 50`).waitFor()
  assert.equal(await page.evaluate(() => Reflect.has(globalThis, "attacked")), false)
  assert.equal(await page.locator("img[src='x']").count(), 0)
})

test("an order comes back: the goods to the shelf, the money as it was paid", async () => {
  await using tab = await openTab()
  const { page } = tab
  await signIn(page)
  await page.getByRole("link", { name: "Orders" }).click()
  await page.getByRole("button", { name: /441 ₽/ }).click()
  const sheet = page.getByRole("dialog")
  await sheet.getByLabel("What came back").selectOption({ label: "The goods go back to the shelf" })
  await sheet.getByRole("button", { name: "Return the order" }).click()
  await page.getByText("Returned, and the money went back.").waitFor()
  const order = (await orders()).find(({ attributes }) => attributes.totalAmount === 441)
  assert.equal(order?.attributes.status, "returned")
  const paid = await owner.list("/v1/payments", { "filter[order]": order?.id ?? "", "filter[type]": "payment" })
  assert.deepEqual(paid.map(({ attributes }) => [attributes.amount, attributes.refundedAmount]).toSorted(byText), [
    [100.5, 100.5],
    [140.5, 140.5],
    [200, 200],
  ])
  const [balance] = await owner.list("/v1/stock/balances", { "filter[items]": items.get("White rose") ?? "" })
  assert.equal(balance?.attributes.qty, 40)
})

test("a shift is closed with what was counted, and the difference is the right one", async () => {
  await using tab = await openTab()
  const { page } = tab
  await signIn(page)
  await page.getByRole("link", { name: "Shift" }).click()
  await page.getByText("13 300 ₽").waitFor()
  await page.getByRole("button", { name: "Cash out" }).click()
  await page.getByLabel("Amount").fill("1000,50")
  await page.getByLabel("Why").fill("To the bank")
  await page.getByRole("dialog").getByRole("button", { name: "Cash out" }).click()
  await page.getByText("12 299,50 ₽").waitFor()
  await page.getByRole("button", { name: "Close the shift" }).click()
  await page.getByLabel("Cash that was counted").fill("12289,50")
  await page.getByRole("dialog").getByRole("button", { name: "Close the shift" }).click()
  await page.getByText("10 ₽ are missing.").waitFor()
  const [shift] = await owner.list("/v1/shifts")
  assert.deepEqual(
    [shift?.attributes.status, shift?.attributes.expectedAmount, shift?.attributes.differenceAmount],
    ["closed", 12_299.5, -10],
  )
})

async function orders() {
  await settle(platform.shards)
  return owner.list("/v1/orders", { "page[size]": 50, "filter[withReturned]": true })
}

async function hire(role: string, username: string): Promise<void> {
  const found = (await owner.list("/v1/roles")).find(({ attributes }) => attributes.code === role)
  const user = {
    type: "users",
    attributes: { login: username, password, status: "on" },
    relationships: { roles: { data: [to("roles", found?.id ?? "")] } },
  }
  const attributes = { firstName: username, lastName: "Dalniy", countryCode: 7, phone: "9001234567" }
  await owner.send("POST", "/v1/workers", {
    data: { type: "workers", attributes, relationships: { stores: { data: [to("stores", store)] }, user: { data: user } } },
  })
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

interface Network {
  state: "up" | "down" | "loses answers"
  /** Whether an order came a second time. */
  repeated: boolean
}

/** The page's own files come all the same, so that it can be loaded again. */
async function breakableNetwork(page: Page): Promise<Network> {
  const seen = new Set<string>()
  const network: Network = { state: "up", repeated: false }
  await page.route("**/api/**", async (route: Route) => {
    const asked = route.request()
    if (network.state === "down") return route.abort("internetdisconnected")
    const isOrder = asked.method() === "POST" && asked.url().endsWith("/api/v1/orders")
    const key = asked.headers()["idempotency-key"] ?? ""
    if (isOrder && seen.has(key)) network.repeated = true
    if (isOrder) seen.add(key)
    if (network.state === "up") return route.continue()
    await route.fetch()
    network.state = "down"
    return route.abort("connectionreset")
  })
  return network
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

async function signIn(page: Page, username = "olga"): Promise<void> {
  await page.getByLabel("User name").fill(username)
  await page.getByLabel("Password").fill(password)
  await page.getByRole("button", { name: "Sign in" }).click()
}

async function tender(sheet: Locator, label: string, amount: string): Promise<void> {
  await sheet.getByRole("button", { name: label, exact: true }).click()
  const typed = sheet.getByLabel(`${label}, roubles`)
  await typed.fill(amount)
  await typed.press("Tab")
}

const byText = (a: unknown, b: unknown): number => String(a).localeCompare(String(b), "en", { numeric: true })
const textOf = (text: string): string => text.replaceAll(/\s+/g, " ")

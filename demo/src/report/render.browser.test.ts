import assert from "node:assert/strict"
import { existsSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, beforeEach, describe, test } from "node:test"
import { pathToFileURL } from "node:url"
import { chromium } from "playwright-core"
import type { BrowserContext, Page } from "playwright-core"
import { renderReport } from "./render.ts"
import type { ReportData } from "./report.ts"
import { sampleReport } from "./sample.ts"

const executablePath = "/usr/bin/chromium"
const args = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

describe("the report page in a browser", () => {
  let folder: string | undefined
  let browser: BrowserContext | undefined
  let page: Page
  const complaints: string[] = []

  const open = async (data: ReportData) => {
    assert.ok(folder !== undefined)
    const file = join(folder, "report.html")
    await writeFile(file, renderReport(data))
    await page.goto(pathToFileURL(file).href)
  }

  before(async () => {
    assert.ok(existsSync(executablePath), `${executablePath} is missing; install it with: apt-get install -y chromium`)
    folder = await mkdtemp(join(tmpdir(), "report-page-"))
    browser = await chromium.launchPersistentContext(join(folder, "profile"), { executablePath, args })
    page = await browser.newPage()
    page.on("pageerror", ({ message }) => complaints.push(message))
    page.on("console", (message) => complaints.push(message.text()))
    page.on("request", (request) => {
      if (!request.url().startsWith("file:")) complaints.push(request.url())
    })
  })
  beforeEach(() => open(sampleReport()))
  after(async () => {
    await browser?.close()
    if (folder !== undefined) await rm(folder, { recursive: true })
  })

  test("draws its charts, asks the network for nothing and complains of nothing", async () => {
    assert.equal(await page.locator(".chart canvas").count(), 3)
    assert.deepEqual(complaints, [])
  })

  test("fits a phone and a wide screen", async () => {
    for (const width of [360, 1_280]) {
      await page.setViewportSize({ width, height: 800 })
      await page.waitForFunction(`document.documentElement.scrollWidth === ${width}`)
    }
  })

  test("tells on hover how a number was got", async () => {
    await page.locator(".promises .figure").first().hover()
    assert.match(await page.locator("#how").innerText(), /Every request of the witness/)
  })

  test("goes with the colours that the reader prefers, and is white on paper", async () => {
    const paper = () => page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--paper').trim()")
    await page.emulateMedia({ colorScheme: "light" })
    const light = await paper()
    await page.emulateMedia({ colorScheme: "dark" })
    assert.notEqual(await paper(), light)
    await page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert.equal(await paper(), light)
    await page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert.notEqual(await paper(), light)
  })

  test("stands even where nothing was measured", async () => {
    const data = sampleReport()
    await open({ ...data, report: { ...data.report, ok: false, releases: [] }, timeline: [], marks: [] })
    assert.equal(await page.locator(".chart canvas").count(), 3)
    assert.deepEqual(complaints, [])
  })
})

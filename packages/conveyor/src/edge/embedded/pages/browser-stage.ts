// A real browser before a real edge with two versions of a shop, for tests of the page scripts.
import assert from "node:assert/strict"
import { existsSync } from "node:fs"
import { after, test } from "node:test"
import { chromium } from "playwright-core"
import type { Browser, BrowserContext, Page } from "playwright-core"
import type { TestCopy } from "../../contract/copies.ts"
import { startCopy } from "../../contract/copies.ts"
import { tableOf } from "../../contract/tables.ts"
import { embeddedEdge } from "../embedded-edge.ts"
import type { EmbeddedEdgeUnderTest } from "../embedded-edge.ts"

const never = new AbortController().signal

// One browser for all tests of the file; each has a profile of its own, empty at first.
let launched: Promise<Browser> | undefined
const browser = () => (launched ??= chromium.launch({ executablePath: installedChromium(), args: browserArguments }))
after(async () => (await launched)?.close())

export interface Stage {
  under: EmbeddedEdgeUnderTest
  v1: TestCopy
  v2: TestCopy
  context: BrowserContext
  openPage: (path?: string) => Promise<Page>
  /** v2 is current; pages of v1 reload within so many ms. */
  release: (generation: number, reloadInMs: number) => Promise<void>
}

export function inBrowser(promise: string, body: (stage: Stage) => Promise<void>): void {
  test(`page script: ${promise}`, async () => {
    const context = await (await browser()).newContext()
    const under = await embeddedEdge()
    try {
      await using v1 = await startCopy("v1", shop("v1"))
      await using v2 = await startCopy("v2", shop("v2"))
      await under.edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
      const openPage = async (path = "/page.html") => {
        const page = await context.newPage()
        await page.goto(`${under.url}${path}`)
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

export function shop(version: string): string {
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

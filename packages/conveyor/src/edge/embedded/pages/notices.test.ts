// Notice channels, as a page's script uses them.
import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import type { IncomingMessage } from "node:http"
import { join } from "node:path"
import { test } from "node:test"
import { ask, open } from "../../contract/client.ts"
import { startCopy } from "../../contract/copies.ts"
import { tableOf } from "../../contract/tables.ts"
import { soon } from "../../contract/traffic.ts"
import { embeddedEdge } from "../embedded-edge.ts"
import type { EmbeddedEdgeUnderTest } from "../embedded-edge.ts"
import { withEdge } from "../with-edge.ts"

const never = new AbortController().signal

withEdge("tells a page of an old version when it reloads, and counts it when it has, across its own restart", async (under) => {
  await using v1 = await startCopy("v1")
  await using v2 = await startCopy("v2")
  const notice = { announcedAt: 1_000, reloadBy: Date.now() + 60_000 }
  await under.edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
  const page = await startPage(under)
  const channel = await openChannel(under, page)
  await soon("the channel", async () => (await load(under, "v1")).pages === 1)
  await under.edge.apply(tableOf({ generation: 2, current: "v2", copies: [v1, v2] }), never)
  await under.edge.apply(tableOf({ generation: 3, current: "v2", copies: [v1, v2], notices: { v1: notice } }), never)
  await soon("the notice", () => channel.events("notice").length === 1)
  const { now, ...told } = channel.events("notice")[0] ?? {}
  assert.deepEqual(told, { ...notice, version: "v1", current: "v2" })
  assert.equal(typeof now, "number")
  await openChannel(under, page)
  assert.deepEqual(pick(await load(under, "v1")), { pagesTold: 1, pagesReloaded: 0 })

  await under.end("SIGTERM")
  await under.restart()
  const after = await startPage(under)
  await openChannel(under, `${after}&was=${page}`)
  await openChannel(under, `${after}&was=${page}`)
  await openChannel(under, `${await startPage(under)}&was=${page.slice(0, -1)}-`)
  await soon("the reload to be counted", async () => (await load(under, "v1")).pagesReloaded === 1)
  assert.deepEqual(pick(await load(under, "v1")), { pagesTold: 1, pagesReloaded: 1 })
})

withEdge("takes the notice back when the old version is current again", async (under) => {
  await using v1 = await startCopy("v1")
  await using v2 = await startCopy("v2")
  const notices = { v1: { announcedAt: 1_000, reloadBy: Date.now() + 60_000 } }
  await under.edge.apply(tableOf({ generation: 1, current: "v2", copies: [v1, v2], notices }), never)
  const channel = await openChannel(under, "v1~page-0001")
  await soon("the notice", () => channel.events("notice").length === 1)
  await under.edge.apply(tableOf({ generation: 2, current: "v1", copies: [v1, v2] }), never)
  await soon("the cancellation", () => channel.events("cancel").length === 1)
})

withEdge("tells a page whose version nothing serves any more to reload at once", async (under) => {
  await using v2 = await startCopy("v2")
  await under.edge.apply(tableOf({ generation: 1, current: "v2", copies: [v2] }), never)
  const channel = await openChannel(under, "v1~page-0001")
  await soon("the notice", () => channel.events("notice").length === 1)
  const [notice] = channel.events("notice")
  assert.equal(notice?.["reloadBy"], notice?.["now"])
  assert.equal(Object.hasOwn((await under.edge.observe(never)).versions, "v1"), false)
})

test("embedded edge: pages whose channels its own end has cut count as open until they had time to come back", async () => {
  for (const end of ["renewed", "killed"]) {
    const under = await embeddedEdge({ pagesReturnWithinMs: 1_500, idleGraceMs: 50 })
    try {
      await using v1 = await startCopy("v1")
      await under.edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
      await openChannel(under, await startPage(under))
      const history = join(under.stateDirectory, "history.json")
      await soon("the page on disk", async () => (await readFile(history, "utf8")).includes('"openPages":{"v1":1}'))
      if (end === "renewed") await under.renew()
      else {
        await under.end("SIGKILL")
        await under.restart()
      }
      assert.equal((await load(under, "v1")).pages, 1, end)
      await soon("it to be given up", async () => (await load(under, "v1")).pages === 0)
    } finally {
      await under.close()
    }
  }
})

withEdge("counts no page that it has not served, tells it all the same, and tells many pages on one channel", async (under) => {
  await using v1 = await startCopy("v1")
  await using v2 = await startCopy("v2")
  await under.edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1, v2] }), never)
  const [one, other] = [await startPage(under), await startPage(under)]
  const forged = [`v1~${"A".repeat(28)}`, one.replace("v1", "v2"), "v1~12345678"]
  const channel = await openChannel(under, [one, other, one, ...forged].join("&page="))
  await soon("the pages", async () => (await load(under, "v1")).pages === 2)
  assert.equal((await load(under, "v2")).pages, 0)
  const notices = { v1: { announcedAt: Date.now(), reloadBy: Date.now() + 60_000 } }
  await under.edge.apply(tableOf({ generation: 2, current: "v2", copies: [v1, v2], notices }), never)
  await soon("the notice", () => channel.events("notice").length === 1)
  assert.equal((await load(under, "v1")).pagesTold, 2)
})

withEdge("serves the page script, and says what it wants of a channel", async (under) => {
  const script = await ask(`${under.url}/.conveyor/client.js`)
  assert.deepEqual([script.status, script.headers["content-type"]], [200, "text/javascript; charset=utf-8"])
  const again = await ask(`${under.url}/.conveyor/client.js`, { headers: { "if-none-match": String(script.headers.etag) } })
  assert.equal(again.status, 304)
  for (const wrong of ["", "?page=v1", "?page=v1~short", `?${"page=v1~12345678&".repeat(65)}`]) {
    assert.equal((await ask(`${under.url}/.conveyor/events${wrong}`)).status, 400)
  }
  assert.equal((await ask(`${under.url}/.conveyor/else`)).status, 404)
})

interface ChannelHeard {
  events(name: string): Record<string, unknown>[]
}

/** Loads a document, and gives the page as its script names it: its version and its id. */
async function startPage({ url }: EmbeddedEdgeUnderTest): Promise<string> {
  const { headers } = await ask(`${url}/page.html`, { headers: { accept: "text/html" } })
  const [, version, id] = /conveyor;desc="(.*?)", conveyor-page;desc="(.*?)"/.exec(String(headers["server-timing"])) ?? []
  return `${version}~${id}`
}

async function openChannel({ url }: EmbeddedEdgeUnderTest, page: string): Promise<ChannelHeard> {
  const answer: IncomingMessage = await open(`${url}/.conveyor/events?page=${page}`)
  let heard = ""
  answer.on("data", (chunk: Buffer) => (heard += chunk.toString("utf8")))
  answer.on("error", () => {})
  return {
    events: (name) =>
      [...heard.matchAll(new RegExp(`event: ${name}\ndata: (.*)\n\n`, "g"))].map(
        ([, data]) => JSON.parse(data ?? "") as Record<string, unknown>,
      ),
  }
}

async function load({ edge }: EmbeddedEdgeUnderTest, version: string) {
  const found = (await edge.observe(never)).versions[version]
  assert.ok(found)
  return found
}

const pick = ({ pagesTold, pagesReloaded }: { pagesTold: number; pagesReloaded: number }) => ({ pagesTold, pagesReloaded })

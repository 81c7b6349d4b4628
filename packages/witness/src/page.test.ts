import assert from "node:assert/strict"
import type { IncomingMessage, ServerResponse } from "node:http"
import { describe, test } from "node:test"
import { answerWell, pagesThat, startService, witness } from "../test/service.ts"

/** What a versioned service does for pages: documents get `current`, calls the version they name, notices go to whoever listens. */
class VersionedService {
  current = "v1"
  /** Put in place of the version that a call names. */
  answersCallsAs: string | undefined
  readonly pagesSeen = new Map<string, Set<string>>()
  readonly callsSeen = new Set<string>()
  calls = 0
  readonly #listeners = new Map<ServerResponse, string>()

  readonly answer = (request: IncomingMessage, response: ServerResponse): Promise<void> | void => {
    const url = new URL(request.url ?? "/", "http://service")
    if (url.pathname === "/.conveyor/events") return this.#listen(url.searchParams, response)
    if (url.pathname === "/") return answerWell(request, response, this.current)
    const pinned = request.headers["x-conveyor-version"]?.toString() ?? "unpinned"
    this.callsSeen.add(pinned)
    this.calls += 1
    return answerWell(request, response, this.answersCallsAs ?? pinned)
  }

  switchTo(version: string, reloadWithinMs: number): void {
    const old = this.current
    this.current = version
    const notice = JSON.stringify({ announcedAt: Date.now(), reloadBy: Date.now() + reloadWithinMs, current: version })
    for (const [response, listenerVersion] of this.#listeners) {
      if (listenerVersion === old) response.write(`event: notice\ndata: ${notice}\n\n`)
    }
  }

  #listen(query: URLSearchParams, response: ServerResponse): void {
    const [version = "", page = ""] = query.get("page")?.split("~") ?? []
    this.pagesSeen.set(page, (this.pagesSeen.get(page) ?? new Set()).add(version))
    this.#listeners.set(response, version)
    response.on("close", () => this.#listeners.delete(response))
    response.writeHead(200, { "content-type": "text/event-stream" }).write(": here\n\n")
  }
}

describe("pages", { concurrency: true }, () => {
  test("keep to the version of their document", async () => {
    const versioned = new VersionedService()
    await using service = await startService(versioned.answer)
    const allListen = () => versioned.pagesSeen.size === 5 && versioned.calls > 20
    const { result } = await witness(service.url, { scenario: pagesThat({}), ratePerSecond: 0, pages: 5, until: allListen })
    assert.equal(result.requests.failed, 0)
    assert.deepEqual(versioned.callsSeen, new Set(["v1"]))
    assert.deepEqual(result.pages, { opened: 5, told: 0, reloaded: 0 })
    assert.equal(versioned.pagesSeen.size, 5)
  })

  test("told to reload, load the document again as the same page, in their own time, and go on with the new version", async () => {
    const versioned = new VersionedService()
    await using service = await startService(versioned.answer)
    let switched = false
    const everyPage = (version: string) =>
      versioned.pagesSeen.size === 8 && [...versioned.pagesSeen.values()].every((seen) => seen.has(version))
    const cameAlong = () => {
      if (!switched && everyPage("v1")) {
        switched = true
        versioned.switchTo("v2", 2_000)
      }
      return everyPage("v2")
    }
    const { result } = await witness(service.url, { scenario: pagesThat({}), ratePerSecond: 0, pages: 8, until: cameAlong })
    assert.equal(result.requests.failed, 0)
    assert.deepEqual(result.pages, { opened: 8, told: 8, reloaded: 8 })
    assert.equal(versioned.pagesSeen.size, 8)
    for (const versions of versioned.pagesSeen.values()) assert.deepEqual([...versions], ["v1", "v2"])
  })

  test("moved to another version without a notice, see a wrong version first and then a lost pin", async () => {
    const versioned = new VersionedService()
    await using service = await startService(versioned.answer)
    let callsAfterMove = Infinity
    const wanderedOn = () => {
      if (versioned.answersCallsAs === undefined && versioned.pagesSeen.size === 3) {
        versioned.answersCallsAs = "v2"
        callsAfterMove = versioned.calls + 30
      }
      return versioned.calls > callsAfterMove
    }
    const { result } = await witness(service.url, { scenario: pagesThat({}), ratePerSecond: 0, pages: 3, until: wanderedOn })
    assert.equal(result.requests.byFailure["wrong-version"], 3)
    assert.ok(result.requests.byFailure["lost-pin"] > 3)
    assert.equal(result.requests.failed, result.requests.byFailure["wrong-version"] + result.requests.byFailure["lost-pin"])
    assert.equal(result.failures[0]?.detail, "a page of v1 was answered by v2")
  })

  test("are closed and opened anew as people come and go", async () => {
    const versioned = new VersionedService()
    await using service = await startService(versioned.answer)
    const lifeMs = { from: 100, to: 200 }
    const manyCame = () => versioned.pagesSeen.size > 6
    const { result } = await witness(service.url, { scenario: pagesThat({ lifeMs }), ratePerSecond: 0, pages: 2, until: manyCame })
    assert.ok(result.pages.opened > 6)
    assert.ok(versioned.pagesSeen.size <= result.pages.opened)
  })

  test("try a document again until it comes, each refusal a failure", async () => {
    let documents = 0
    await using service = await startService((request, response) => {
      if (request.url === "/") documents += 1
      if (request.url !== "/" || documents > 1) return answerWell(request, response)
      return void response.writeHead(502).end()
    })
    const { result } = await witness(service.url, {
      scenario: { ...pagesThat({}), dialect: silentDialect },
      ratePerSecond: 0,
      pages: 1,
      until: () => documents > 1,
    })
    assert.deepEqual([result.requests.failed, result.requests.byFailure["server-error"], result.pages.opened], [1, 1, 1])
  })
})

/** A deploy tool that tells pages nothing. */
const silentDialect = {
  versionHeader: "x-conveyor-version",
  versionQuery: "v",
  rescuedHeader: "x-rescued",
  noticeEvent: "",
  closeEvent: "",
}

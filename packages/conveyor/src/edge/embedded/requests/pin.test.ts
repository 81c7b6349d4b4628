import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { freshnessFor, isNamedByContent, mayBeAsset } from "./freshness.ts"
import { pageCookieField, readPageCookie } from "./page-cookie.ts"
import { readPin } from "./pin.ts"

function pinOf(method: string, url: string, headers: Record<string, string> = {}) {
  return readPin({ method, url, header: (name) => headers[name] })
}

const navigation = { "sec-fetch-dest": "document", "sec-fetch-mode": "navigate" }
const cookieOf = (field: string) => /Set-Cookie: ([^;]*);/.exec(field)?.[1] ?? ""

test("only GET and HEAD start a page; a form goes to the version of the page that posts it", () => {
  const cookie = "conveyor-version=v1"
  const wishes = ["GET", "HEAD", "POST"].map((method) => pinOf(method, "/x", { ...navigation, cookie }))
  assert.deepEqual(
    wishes.map(({ kind, wish }) => [kind, wish]),
    [
      ["document", undefined],
      ["document", undefined],
      ["document", "v1"],
    ],
  )
  assert.deepEqual(pinOf("POST", "/x?x-conveyor-version=v2&a=1", { ...navigation, cookie }), {
    kind: "document",
    wish: "v2",
    by: "url",
    isOfBrowser: true,
    url: "/x?a=1",
    path: "/x",
  })
})

test("each of the last pages keeps its own version in the cookie, found by the URL that the browser names", () => {
  let cookie = ""
  for (const [url, version] of [
    ["/first?a=1", "v1"],
    ["/second", "v2"],
    ["/third", "v3"],
  ] as const) {
    cookie = cookieOf(pageCookieField(readPageCookie(cookie), url, version))
  }
  const asked = (referer?: string) => pinOf("GET", "/image.png", { cookie, ...(referer === undefined ? {} : { referer }) }).wish
  assert.equal(asked("https://shop.example/first?a=1"), "v1")
  assert.equal(asked("https://shop.example/first?a=1&x-conveyor-version=v1"), "v1")
  assert.equal(asked("https://shop.example/second"), "v2")
  assert.equal(asked("https://shop.example/"), "v3")
  assert.equal(asked(), "v3")
})

test("the cookie stays short, and is read back as it was written, whatever pages come", () => {
  const page = fc.tuple(fc.webPath(), fc.stringMatching(/^[\w.-]{1,12}$/))
  fc.assert(
    fc.property(fc.array(page, { minLength: 1, maxLength: 20 }), (pages) => {
      let cookie = ""
      for (const [url, version] of pages) cookie = cookieOf(pageCookieField(readPageCookie(cookie), url, version))
      const [, version] = pages.at(-1) ?? []
      const read = readPageCookie(`a=b; ${cookie}; c=d`)
      assert.equal(read?.newest, version)
      assert.equal(read?.pages[0]?.[1], version)
      assert.ok((read?.pages.length ?? 0) <= 6)
    }),
  )
})

test("a cookie that is none of ours asks for nothing", () => {
  for (const cookie of [
    "",
    "conveyor-version=",
    'conveyor-version="><script>',
    "other-conveyor-version=v1",
    `conveyor-version=${"v".repeat(65)}`,
  ]) {
    assert.equal(pinOf("GET", "/x.js", { cookie }).wish, undefined, cookie)
  }
})

test("what a browser fetches by itself is looked at again before each use, unless its name changes with its content", () => {
  const browser = { "sec-fetch-dest": "script", cookie: "conveyor-version=v1" }
  const freshness = (url: string, headers: Record<string, string>, cacheControl?: string, isDated = false) =>
    freshnessFor(pinOf("GET", url, headers), { cacheControl, isDated })
  assert.equal(freshness("/app.js", browser, "public, max-age=60"), "public, max-age=0, must-revalidate")
  assert.equal(freshness("/app.js", browser, undefined, true), "no-cache")
  for (const kept of ["no-store", "no-cache", "max-age=31536000, immutable", "max-age=0", "private"]) {
    assert.equal(freshness("/app.js", browser, kept), undefined, kept)
  }
  assert.equal(freshness("/assets/index-BxK3j2_a.js", browser, "max-age=60"), undefined)
  assert.equal(freshness("/app.js", { ...browser, "x-conveyor-version": "v1" }, "max-age=60"), undefined)
  assert.equal(freshness("/app.js", {}, "max-age=60"), undefined)
  assert.equal(freshness("/page", navigation, "max-age=60"), undefined)
})

test("a name that changes with its content is told from words", () => {
  for (const name of ["/a/app.3f9a2c1b.js", "/index-BxK3j2_a.js", "/x.DiwrgTda.css", "/vendors.abcdef12.chunk.js"])
    assert.equal(isNamedByContent(name), true, name)
  for (const name of ["/app.js", "/app-settings.js", "/jquery-3.7.1.min.js", "/MyComponent.js", "/a.component.js", "/3f9a2c1b"]) {
    assert.equal(isNamedByContent(name), false, name)
  }
})

test("a file is looked for at other versions; data and documents are what their own version says", () => {
  const asset = (url: string, headers: Record<string, string>) => mayBeAsset(pinOf("GET", url, headers), headers["sec-fetch-dest"])
  assert.equal(asset("/a.js", { "sec-fetch-dest": "script" }), true)
  assert.equal(asset("/chunk", { "sec-fetch-dest": "worker" }), true)
  assert.equal(asset("/a.js", {}), true)
  assert.equal(asset("/locale.3f9a2c1b.json", { "sec-fetch-dest": "empty" }), true)
  assert.equal(asset("/api/orders/7", { "sec-fetch-dest": "empty" }), false)
  assert.equal(asset("/api/orders/7", {}), false)
  assert.equal(asset("/page.html", navigation), false)
})

import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { Route } from "./edge.ts"
import { Routes } from "./routes.ts"

const shop = new Routes([
  { prefix: "/", service: "web" },
  { prefix: "/api/v1", service: "catalog" },
  { prefix: "/api/v1/orders", service: "orders" },
  { prefix: "/api/v1/orders/*/payments", service: "payments" },
  { prefix: "/api/v1/orders/*/payments/*/receipt", service: "receipts" },
  { prefix: "/api/v1/orders/summary/payments", service: "reports" },
  { prefix: "/api/v1/*/7/history", service: "history" },
  { prefix: "/api/v1/orders/7/*", service: "seven" },
])

const leads = (expected: Readonly<Record<string, string>>) => {
  for (const [path, service] of Object.entries(expected)) assert.equal(shop.serviceFor(path), service, path)
}

test("the route with the most segments wins, and a route ends at a segment's end", () => {
  leads({
    "/": "web",
    "/api/v1": "catalog",
    "/api/v1/stores": "catalog",
    "/api/v1/orders": "orders",
    "/api/v1/orders2": "catalog",
    "/api/v10": "web",
    "/api/v1/orders/8/lines": "orders",
  })
})

test("a star takes exactly one segment, whatever it says", () => {
  leads({
    "/api/v1/orders/8/payments": "payments",
    "/api/v1/orders/8/payments/9": "payments",
    "/api/v1/orders/8/payments/9/receipt": "receipts",
    "/api/v1/orders/payments": "orders",
    "/api/v1/orders/8/9/payments": "orders",
    "/api/v1/orders/*/payments": "payments",
    "/api/v1/orders/8/payments2": "orders",
  })
})

test("a star takes no empty segment", () => {
  leads({ "/api/v1/orders//payments": "orders", "/api/v1/orders/7/": "orders", "//": "web" })
})

test("of routes with as many segments, the first that names where the other has a star wins", () => {
  leads({
    "/api/v1/orders/summary/payments": "reports",
    "/api/v1/orders/7/history": "seven",
    "/api/v1/stores/7/history": "history",
    "/api/v1/orders/7/payments": "seven",
  })
})

test("a way that leads nowhere does not hide the other", () => {
  // "summary" is named, but its branch knows no receipts; the star's does.
  leads({ "/api/v1/orders/summary/payments/9/receipt": "receipts", "/api/v1/orders/summary/lines": "orders" })
})

test("a slash at the end changes nothing", () => {
  leads({ "/api/v1/orders/": "orders", "/api/v1/orders/8/payments/": "payments", "/api/": "web" })
})

test("segments are compared as they were sent: an encoded slash parts nothing, an encoded letter is another letter", () => {
  leads({
    "/api/v1/orders/a%2Fb/payments": "payments",
    "/api/v1/orders/%20/payments": "payments",
    "/api/v1/orders%2F8/payments": "catalog",
    "/api/v1/%6Frders/8/payments": "catalog",
    "/api/v1/%2A/7/history": "history",
  })
})

test("a path that no route takes has no service", () => {
  const routes = new Routes([{ prefix: "/api/*", service: "api" }])
  for (const path of ["/", "/apis/1", "/api", "/api/", "*", "", "api/1", "/toString"])
    assert.equal(routes.serviceFor(path), undefined, path)
})

test("of a host's own routes, those of its wildcard and those of every host, the nearest that takes the path answers", () => {
  const routes = new Routes([
    { prefix: "/", service: "any" },
    { prefix: "/api/v1/deep", service: "any-deep" },
    { host: "shop.test", prefix: "/api", service: "shop" },
    { host: "*.shop.test", prefix: "/", service: "wild" },
    { host: "north.shop.test", prefix: "/only", service: "north" },
  ])
  const leadsTo = { "shop.test /api/v1/deep": "shop", "shop.test /x": "any", "shop.test:8443 /api": "shop", "SHOP.test. /api": "shop" }
  const wild = {
    "south.shop.test /api": "wild",
    "north.shop.test /only": "north",
    "north.shop.test /x": "wild",
    "a.b.shop.test /api": "any",
  }
  const odd = { ".shop.test /api": "any", "[::1]:80 /api/v1/deep/x": "any-deep", " /api": "any" }
  for (const [asked, service] of Object.entries({ ...leadsTo, ...wild, ...odd })) {
    const [host = "", path = ""] = asked.split(" ")
    assert.equal(routes.serviceFor(path, host), service, asked)
  }
  assert.equal(routes.serviceFor("/api", undefined), "any")
})

test("a host is unknown where there are routes of hosts alone, and none of them is for it", () => {
  const routes = new Routes([{ host: "shop.test", prefix: "/api", service: "shop" }])
  assert.deepEqual(
    ["shop.test", "shop.test:80", "other.test", "", undefined].map((host) => routes.knows(host)),
    [true, true, false, false, false],
  )
  assert.equal(new Routes([{ prefix: "/api", service: "any" }]).knows("other.test"), true)
  assert.equal(new Routes([]).knows("other.test"), true)
})

test("of two routes that are the same, the first counts", () => {
  const routes = new Routes([
    { prefix: "/a/*", service: "one" },
    { prefix: "/a/*", service: "other" },
  ])
  assert.equal(routes.serviceFor("/a/b"), "one")
})

test("the tree finds what trying every route in the order of the rule finds", () => {
  const segment = fc.constantFrom("a", "b", "c", "*")
  const route = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join("/")}`)
  const path = fc.array(fc.constantFrom("a", "b", "c", ""), { minLength: 1, maxLength: 5 }).map((segments) => `/${segments.join("/")}`)
  fc.assert(
    fc.property(fc.uniqueArray(route, { maxLength: 20 }), path, (prefixes, asked) => {
      const routes = prefixes.map((prefix) => ({ prefix, service: prefix }))
      assert.equal(new Routes(routes).serviceFor(asked), byTrying(routes, asked))
    }),
    { numRuns: 2_000 },
  )
})

function byTrying(routes: readonly Route[], path: string): string | undefined {
  const split = (text: string) => (text === "/" ? [] : text.slice(1).split("/"))
  const asked = path.slice(1).split("/")
  const takes = ({ prefix }: Route) =>
    split(prefix).length <= asked.length && split(prefix).every((part, i) => (part === "*" ? asked[i] !== "" : part === asked[i]))
  // "*" sorts before every letter here, so the greatest of equals is the first to name a segment.
  const rank = ({ prefix }: Route) => `${split(prefix).length}${split(prefix).join("")}`
  return routes.filter(takes).toSorted((one, other) => (rank(one) < rank(other) ? 1 : -1))[0]?.service
}

import assert from "node:assert/strict"
import { test } from "node:test"
import type { RoutingTable } from "../../edge.ts"
import { Traffic } from "./traffic.ts"
import type { Claim } from "./traffic.ts"

const none = new Set<string>()
const copy = (name: string, port: number) => ({ copy: name, host: "127.0.0.1", port })
const table: RoutingTable = {
  epoch: 0,
  generation: 1,
  current: "v1",
  routes: [{ prefix: "/", service: "web" }],
  versions: { v1: { release: "r", targets: { web: [copy("a", 1), copy("b", 2), copy("c", 3)] } } },
}

function started(now = () => 0): Traffic {
  const traffic = new Traffic(now)
  traffic.use(table)
  return traffic
}

function claim(traffic: Traffic, tried: ReadonlySet<string> = none): Claim {
  const claimed = traffic.claim("/x", undefined, tried)
  assert.ok(!("refused" in claimed))
  return claimed
}

test("copies share evenly, and the least busy is next", () => {
  const traffic = started()
  const claims = Array.from({ length: 9 }, () => claim(traffic))
  const counts = Map.groupBy(claims, ({ target }) => target.copy)
  assert.deepEqual(
    [...counts.values()].map(({ length }) => length),
    [3, 3, 3],
  )
  const b = claims.find(({ target }) => target.copy === "b")
  b?.release()
  assert.equal(claim(traffic).target.copy, "b")
})

test("a claim is counted at once and given back once", () => {
  const traffic = started()
  const [one, other] = [claim(traffic), claim(traffic)]
  assert.equal(traffic.inFlight("v1"), 2)
  one.release()
  one.release()
  assert.equal(traffic.inFlight("v1"), 1)
  traffic.use({ ...table, generation: 2, current: "v2", versions: { v2: table.versions["v1"] ?? { release: "r", targets: {} } } })
  assert.deepEqual([traffic.inFlight("v1"), traffic.busyVersions()], [1, ["v1"]])
  other.release()
  assert.deepEqual([traffic.inFlight("v1"), traffic.total], [0, 0])
})

test("a copy that refused a connection is asked last for a moment, and one already tried not at all", () => {
  let now = 0
  const traffic = started(() => now)
  const refused = [claim(traffic), claim(traffic), claim(traffic)].find(({ target }) => target.copy === "a")
  refused?.heard("refused")
  const picked = Array.from({ length: 6 }, () => claim(traffic).target.copy)
  assert.equal(picked.includes("a"), false)
  assert.equal(claim(traffic, new Set(["b", "c"])).target.copy, "a")
  assert.deepEqual(traffic.claim("/x", undefined, new Set(["a", "b", "c"])), { refused: "no-copy", version: "v1", route: "/" })
  now = 10_000
  assert.notEqual(claim(traffic).target.copy, "a", "it comes back slowly")
  now = 20_000
  assert.equal(claim(traffic).target.copy, "a")
})

test("a version's name that a client makes up is only a name", () => {
  const traffic = started()
  for (const wish of ["__proto__", "constructor", "v0"]) {
    const claimed = traffic.claim("/x", wish, none)
    assert.equal("version" in claimed && claimed.version, "v1")
  }
})

test("without a table or a route there is nothing to claim", () => {
  assert.deepEqual(new Traffic(() => 0).claim("/x", undefined, none), { refused: "no-table" })
  const traffic = new Traffic(() => 0)
  traffic.use({ ...table, routes: [{ prefix: "/api", service: "web" }] })
  assert.deepEqual(traffic.claim("/x", undefined, none), { refused: "no-route" })
})

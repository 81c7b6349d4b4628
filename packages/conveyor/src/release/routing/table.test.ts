import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { RoutingTable } from "../../edge/edge.ts"
import { parseRoutingTable } from "../../edge/table.ts"
import type { Copy } from "../../runtime/runtime.ts"
import { switchedTo, targetsOf, wentBack, withCopies, withNotice, without } from "./table.ts"
import type { Probation } from "./table.ts"

const routes = [{ prefix: "/", service: "web" }]

function copy(version: string, service: string, index: number, life: number, state: Copy["state"] = "running"): Copy {
  const id = `${version}-${service}-${index}-${life}`
  const address = { host: "127.0.0.1", port: 10_000 + life }
  return { id, service, version, release: `r-${version}`, index, artifact: "art", address, node: "here", state, startedAt: 0, restarts: 0 }
}

const next = (name: string, copies = [copy(name, "web", 0, 1), copy(name, "web", 1, 2)]) => ({ name, release: `r-${name}`, routes, copies })
const notice = { announcedAt: 1, reloadBy: 2 }
const both: Probation = { rescue: "rescue", compare: "compare" }
const neither: Probation = { rescue: "no-rescue", compare: "no-compare" }
const first = () => switchedTo(undefined, next("v1"), both)
const second = () => switchedTo(first(), next("v2"), both)

test("the first table has one version, and nothing to be rescued by", () => {
  const { generation, current, versions, rescue } = first()
  assert.deepEqual([generation, current, Object.keys(versions), rescue], [1, "v1", ["v1"], undefined])
})

test("a switch leaves the version before in place for its pages, and rescues by it where that is wanted", () => {
  assert.deepEqual(second().rescue, { from: "v2", to: "v1" })
  assert.deepEqual(second().compare, { newer: "v2", older: "v1" })
  assert.deepEqual(second().versions["v1"], first().versions["v1"])
  assert.equal(switchedTo(first(), next("v2"), neither).rescue, undefined)
})

test("a notice that stands stays as it is: nobody's time to reload is cut short", () => {
  const told = withNotice(second(), ["v1", "v2"], notice)
  assert.deepEqual(told.versions["v1"]?.notice, notice)
  assert.equal(told.versions["v2"]?.notice, undefined, "the current version's pages have nowhere to go")
  assert.equal(withNotice(told, ["v1"], { announcedAt: 9, reloadBy: 9 }), told)
})

test("a notice is for the pages of the versions that it names, and takes no probation from those that it does not", () => {
  const third = switchedTo(second(), next("v3"), both)
  const told = withNotice(third, ["v1"], notice)
  assert.deepEqual([told.versions["v1"]?.notice, told.versions["v2"]?.notice], [notice, undefined])
  assert.deepEqual([told.rescue, told.compare], [third.rescue, third.compare])
})

test("going back tells only pages of the bad version", () => {
  const back = wentBack(second(), { bad: "v2", previous: "v1", routes, notice })
  assert.equal(back.current, "v1")
  assert.equal(back.rescue, undefined)
  assert.deepEqual([back.versions["v1"]?.notice, back.versions["v2"]?.notice], [undefined, notice])
})

test("the current version cannot be taken out", () => {
  assert.deepEqual(Object.keys(without(second(), ["v1", "v2"]).versions), ["v2"])
  assert.equal(without(second(), ["v1"]).rescue, undefined)
})

test("where no copy has moved the table is the same object, so that no generation is spent", () => {
  const table = first()
  assert.equal(withCopies(table, next("v1").copies.toReversed()), table)
})

test("a service without a living copy keeps its addresses, the others get theirs", () => {
  const table = switchedTo(undefined, next("v1", [copy("v1", "web", 0, 1), copy("v1", "till", 0, 2)]), neither)
  const moved = withCopies(table, [copy("v1", "web", 0, 3), copy("v1", "till", 0, 2, "exited")])
  assert.deepEqual(moved.versions["v1"]?.targets["web"]?.[0]?.port, 10_003)
  assert.deepEqual(moved.versions["v1"]?.targets["till"]?.[0]?.port, 10_002)
})

test("copies stand in the order of their numbers", () => {
  const targets = targetsOf([copy("v1", "web", 1, 1), copy("v1", "web", 0, 2)])
  assert.deepEqual(
    targets["web"]?.map((target) => target.copy),
    ["v1-web-0-2", "v1-web-1-1"],
  )
})

const name = fc.constantFrom("v1", "v2", "v3", "v4")
const copies = (version: string) =>
  fc
    .array(fc.tuple(fc.constantFrom("web", "till"), fc.nat(2), fc.integer({ min: 1, max: 50 }), fc.constantFrom("running", "exited")), {
      maxLength: 4,
    })
    .map((all) => all.map(([service, index, life, state]) => copy(version, service, index, life, state)))

type Turn = (now: RoutingTable) => RoutingTable
const turns: fc.Arbitrary<{ what: string; turn: Turn }> = fc.oneof(
  fc
    .tuple(
      name.chain((version) => copies(version).map((all) => next(version, all))),
      fc.constantFrom(both, neither),
    )
    .map(([to, probation]) => ({
      what: "switch",
      turn: (now: RoutingTable) => switchedTo(now, to, probation),
    })),
  fc.constant({ what: "notice", turn: (now: RoutingTable) => withNotice(now, ["v1", "v2"], notice) }),
  fc.array(name).map((gone) => ({ what: "without", turn: (now: RoutingTable) => without(now, gone) })),
  fc.nat().map((n) => ({
    what: "back",
    turn: (now: RoutingTable) => {
      const others = Object.keys(now.versions).filter((each) => each !== now.current)
      const previous = others[n % Math.max(1, others.length)]
      return previous === undefined ? now : wentBack(now, { bad: now.current, previous, routes, notice })
    },
  })),
  fc.tuple(copies("v1"), copies("v2")).map(([a, b]) => ({ what: "copies", turn: (now: RoutingTable) => withCopies(now, [...a, ...b]) })),
)

test("whatever the turns, every table is whole, numbered one higher, and has its current version", () => {
  fc.assert(
    fc.property(fc.array(turns, { maxLength: 12 }), (all) => {
      let now = first()
      for (const { turn } of all) {
        const made = turn(now)
        if (made === now) continue
        assert.equal(made.generation, now.generation + 1)
        assert.deepEqual(parseRoutingTable(structuredClone(made)), made)
        assert.ok(made.current in made.versions)
        assert.equal(made.versions[made.current]?.release, `r-${made.current}`)
        now = made
      }
    }),
    { numRuns: 500 },
  )
})

import assert from "node:assert/strict"
import { test } from "node:test"
import type { MemberTable, RoutedVersion } from "../../edge/edge.ts"
import { Rehearsal } from "../rehearsal.ts"
import type { Routing } from "../routing/routing.ts"
import { objectionsToAbort } from "./abort.ts"
import { objectionsTo } from "./contract.ts"
import type { ServiceSpec } from "../../runtime/runtime.ts"
import { anyCheck } from "../../runtime/testing.ts"

const signal = new AbortController().signal
const change = "0001-kopecks"
const routed: RoutedVersion = { release: "r-1", targets: {} }

interface Stage {
  rehearsal: Rehearsal
  route: (current: string, ...others: string[]) => Promise<void>
  startCopy: (version: string) => Promise<string>
  objections: () => Promise<string[]>
}

/** v1 does not have the change, v2 has it, v3 was never built. */
async function staged(body: (stage: Stage) => Promise<void>): Promise<void> {
  const rehearsal = new Rehearsal()
  try {
    const ports = await rehearsal.ports()
    for (const commit of ["a", "b", "c"]) await ports.versions.ensure(commit, commit)
    await ports.versions.built("v1", { id: "art-a", kind: "directory", ref: "/" }, [])
    await ports.versions.built("v2", { id: "art-b", kind: "directory", ref: "/" }, [change])
    await body({
      rehearsal,
      route: async (current, ...others) => {
        const versions = Object.fromEntries([current, ...others].map((name) => [name, routed]))
        await rehearsal.edge.apply({ epoch: 0, generation: rehearsal.edge.applied.length + 1, current, routes: [], versions }, signal)
      },
      startCopy: async (version) => {
        const there = rehearsal.runtime.copies().filter((copy) => copy.version === version).length
        const copies = await rehearsal.runtime.want([{ ...specOf(version), copies: there + 1 }], signal)
        return copies.at(-1)?.id ?? ""
      },
      objections: async () => objectionsTo(await rehearsal.ports(), change, signal),
    })
  } finally {
    await rehearsal.end()
  }
}

const specOf = (version: string): ServiceSpec => ({
  service: "web",
  version,
  commit: "a",
  release: "r-1",
  artifact: { id: "art", kind: "directory", ref: "/" },
  command: "run",
  environment: {},
  copies: 1,
  health: anyCheck,
  role: "server",
  whenNotCurrent: "keep",
  startWithinMs: 1_000,
  stopGraceMs: 1_000,
})

test("with the old version stopped and its pages gone there is no objection", () =>
  staged(async ({ route, startCopy, objections, rehearsal }) => {
    await route("v2")
    await startCopy("v2")
    rehearsal.edge.setLoad("v2", { pages: { open: 9 }, inFlight: 9 })
    assert.deepEqual(await objections(), [])
  }))

test("a version that has the change never objects, nor one that was never built", () =>
  staged(async ({ route, startCopy, objections, rehearsal }) => {
    await route("v2", "v3")
    await startCopy("v3")
    await (await rehearsal.ports()).versions.keepWarm("v2", 9_999_999)
    assert.deepEqual(await objections(), [])
  }))

test("the current version without the change objects", () =>
  staged(async ({ route, objections }) => {
    await route("v1")
    assert.deepEqual(await objections(), ["v1 is the current version"])
  }))

test("an old version that still serves objects, and so does each open page of it", () =>
  staged(async ({ route, objections, rehearsal }) => {
    await route("v2", "v1")
    rehearsal.edge.setLoad("v1", { pages: { open: 1 } })
    assert.deepEqual(await objections(), ["v1 still serves requests", "1 page of v1 is open"])
    rehearsal.edge.setLoad("v1", { pages: { open: 2 } })
    assert.deepEqual((await objections()).at(-1), "2 pages of v1 are open")
  }))

test("pages that are open object also when their version is out of the table", () =>
  staged(async ({ route, objections, rehearsal }) => {
    await route("v2")
    rehearsal.edge.setLoad("v1", { pages: { open: 3 } })
    assert.deepEqual(await objections(), ["3 pages of v1 are open"])
  }))

test("a warm version objects until it is stopped, its window closed or not", () =>
  staged(async ({ route, objections, startCopy, rehearsal }) => {
    await rehearsal.ports()
    const { store } = rehearsal
    await route("v2")
    await startCopy("v1")
    await store.versions.keepWarm("v1", 9_999_999)
    assert.deepEqual(await objections(), ["v1 is warm: its rollback window is open until 1970-01-01T02:46:39.999Z"])
    await store.versions.keepWarm("v1", 0)
    assert.deepEqual(await objections(), ["1 copy of v1 still runs"])
  }))

test("copies that run object, dead ones do not", () =>
  staged(async ({ route, objections, startCopy, rehearsal }) => {
    await route("v2")
    const [first] = [await startCopy("v1"), await startCopy("v1")]
    assert.deepEqual(await objections(), ["2 copies of v1 still run"])
    rehearsal.runtime.crash(first)
    assert.deepEqual(await objections(), ["1 copy of v1 still runs"])
  }))

test("while an edge is silent, or routes by an older table, nobody knows who still serves: contract and abort both object", () =>
  staged(async ({ route, rehearsal }) => {
    await route("v2")
    const ports = await rehearsal.ports()
    const partly = async (member: MemberTable) => {
      const observe = async () => ({ ...(await ports.routing.observe(signal)), members: [member] })
      const doubted = { ...ports, routing: Object.assign(Object.create(ports.routing) as Routing, { observe }) }
      return [await objectionsTo(doubted, change, signal), await objectionsToAbort(doubted, "0002-unused", signal)]
    }
    const silent = "which versions still serve is not known: edge b does not answer (ECONNREFUSED)"
    assert.deepEqual(await partly({ member: "b", state: "silent", reason: "ECONNREFUSED" }), [[silent], [silent]])
    const behind = "which versions still serve is not known: edge b routes by an older table"
    assert.deepEqual(await partly({ member: "b", state: "behind", epoch: 1, generation: 1 }), [[behind], [behind]])
    assert.deepEqual(await partly({ member: "b", state: "in-use" }), [[], []])
  }))

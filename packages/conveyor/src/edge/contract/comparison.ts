// The promises of an edge that can compare two versions: what is asked of both, what is counted, and what is no evidence.
// Called by `describeEdge`.
import assert from "node:assert/strict"
import { connect } from "node:net"
import { test } from "node:test"
import { systemClock } from "../../kernel/time/clock.ts"
import { until } from "../../kernel/time/until.ts"
import type { ComparisonCell, EdgeMember } from "../edge.ts"
import { addCells } from "../sums.ts"
import { ask } from "./client.ts"
import { startCopy } from "./copies.ts"
import type { TestCopy } from "./copies.ts"
import { tableOf } from "./tables.ts"
import type { TrafficEdge } from "./traffic.ts"

const never = new AbortController().signal

export function describeComparison(name: string, make: () => Promise<TrafficEdge>): void {
  function whileCompared(promise: string, body: (made: TrafficEdge & { v1: TestCopy; v2: TestCopy }) => Promise<void>): void {
    test(`${name}: ${promise}`, async () => {
      const made = await make()
      await using v1 = await startCopy("v1")
      await using v2 = await startCopy("v2")
      try {
        if (!(await made.member.capabilities(never)).includes("compare")) return
        const compare = { newer: "v2", older: "v1" }
        await made.member.apply(tableOf({ generation: 1, current: "v2", copies: [v1, v2], compare }), never)
        await body({ ...made, v1, v2 })
      } finally {
        await made.close()
      }
    })
  }

  whileCompared("what the newer version alone fails is asked of both, and its client gets the newer one's answer", async (made) => {
    for (let i = 0; i < 5; i++) assert.equal((await ask(`${made.url}/fail-at?version=v2`)).status, 500)
    const seen = await cellsOf(made.member, ({ pairs }) => pairs === 5)
    assert.deepEqual([seen.onlyNewer, seen.onlyOlder, seen.both], [5, 0, 0])
    assert.equal(made.v1.received.length, 5)
  })

  whileCompared("an odd request, that fails whichever version is asked, is told apart from one that only the newer fails", async (made) => {
    for (let i = 0; i < 5; i++) assert.equal((await ask(`${made.url}/crash`)).status, 502)
    const seen = await cellsOf(made.member, ({ pairs }) => pairs === 5)
    assert.deepEqual([seen.onlyNewer, seen.onlyOlder, seen.both], [0, 0, 5])
  })

  whileCompared("what writes is asked of one version, and counted by itself", async (made) => {
    for (let i = 0; i < 3; i++) await ask(`${made.url}/fail-at?version=v2`, { method: "POST", body: "x" })
    await ask(`${made.url}/orders`, { method: "POST", body: "x", headers: { "x-conveyor-version": "v1" } })
    const seen = await cellsOf(made.member, ({ older }) => older.requests === 1)
    assert.deepEqual([seen.newer, seen.older, seen.pairs], [{ requests: 3, failed: 3 }, { requests: 1, failed: 0 }, 0])
    assert.equal(made.v1.received.length, 1)
  })

  whileCompared("what a client breaks off, or asks by a method of its own, is no evidence", async (made) => {
    await sendAndLeave(made.url, "POST /slow?ms=5000 HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nonly the beginning")
    await sendAndLeave(made.url, "GET /slow?ms=5000 HTTP/1.1\r\nHost: x\r\n\r\n")
    await ask(`${made.url}/crash`, { method: "REPORT" })
    await ask(`${made.url}/orders`, { method: "POST", body: "x" })
    const seen = await cellsOf(made.member, ({ newer }) => newer.requests > 0)
    assert.deepEqual([seen.newer, seen.pairs], [{ requests: 1, failed: 0 }, 0])
  })

  whileCompared("clients are told apart by where they come from, whatever they say of themselves", async (made) => {
    for (const [localAddress, said] of [
      ["127.0.0.1", "10.0.0.1"],
      ["127.0.0.1", "10.0.0.2"],
      ["127.0.0.7", "10.0.0.1"],
    ] as const) {
      await ask(`${made.url}/orders`, { method: "POST", body: "x", localAddress, headers: { "x-forwarded-for": said } })
    }
    await cellsOf(made.member, ({ newer }) => newer.requests === 3)
    assert.equal((await made.member.comparison(never))?.cells.length, 2)
    const { askedBy = [] } = (await made.member.traffic(never))["v2"]?.counters ?? {}
    assert.deepEqual(
      askedBy.filter((count) => count > 0).toSorted((a, b) => a - b),
      [1, 2],
    )
  })

  whileCompared("a copy is told which requests are only compared, and no client can say so", async (made) => {
    const { text } = await ask(`${made.url}/headers`, { headers: { "x-conveyor-shadow": "1" } })
    assert.equal((JSON.parse(text) as { headers: Record<string, string> }).headers["x-conveyor-shadow"], undefined)
  })

  whileCompared(
    "the end of a comparison lets go of what the older version is still asked, and of nothing that a client waits for",
    async (made) => {
      const waiting = ask(`${made.url}/slow?ms=1500`)
      const isAsked = () => (made.v1.received.length === 1 ? { done: true } : { notYet: "v1 was not asked" })
      const within = { everyMs: 5, withinMs: 5_000, clock: systemClock, signal: never }
      await until(isAsked, { what: "both are asked", ...within })
      await made.member.apply(tableOf({ generation: 2, current: "v2", copies: [made.v1, made.v2] }), never)
      const isFree = async () => ((await made.member.traffic(never))["v1"]?.inFlight === 0 ? { done: true } : { notYet: "v1 is in flight" })
      await until(isFree, { what: "nothing is in flight on the older version", ...within })
      assert.deepEqual(made.v1.abandoned, ["GET /slow?ms=1500"])
      assert.equal((await waiting).text, "v2 at last")
    },
  )

  whileCompared("the end of a comparison ends the asking of both", async (made) => {
    await made.member.apply(tableOf({ generation: 2, current: "v2", copies: [made.v1, made.v2] }), never)
    await ask(`${made.url}/orders`)
    assert.equal(await made.member.comparison(never), undefined)
    assert.equal(made.v1.received.length, 0)
  })
}

/** All cells as one, once it is as wanted. */
async function cellsOf(member: EdgeMember, isComplete: (sum: ComparisonCell) => boolean): Promise<ComparisonCell> {
  return until(
    async () => {
      const cells = (await member.comparison(never))?.cells ?? []
      const sum = cells.length === 0 ? undefined : cells.reduce(addCells)
      return sum !== undefined && isComplete(sum) ? { done: sum } : { notYet: cells }
    },
    { what: "the comparison has seen it", everyMs: 20, withinMs: 5_000, clock: systemClock, signal: never },
  )
}

async function sendAndLeave(url: string, text: string): Promise<void> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1")
  socket.on("error", () => {})
  await new Promise((resolve) => socket.write(text, resolve))
  await systemClock.sleep(100)
  socket.destroy()
}

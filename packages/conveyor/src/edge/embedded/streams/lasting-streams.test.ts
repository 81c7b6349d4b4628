import assert from "node:assert/strict"
import { test } from "node:test"
import { ManualClock } from "../../../kernel/time/clock.ts"
import type { Notice, RoutingTable } from "../../edge.ts"
import { LastingStreams } from "./lasting-streams.ts"

function tableOf(current: string, versions: Record<string, Notice | undefined>): RoutingTable {
  const routed = Object.entries(versions).map(([name, notice]) => [
    name,
    { release: name, targets: {}, ...(notice === undefined ? {} : { notice }) },
  ])
  return { epoch: 0, generation: 1, current, routes: [], versions: Object.fromEntries(routed) as RoutingTable["versions"] }
}

function stage() {
  const clock = new ManualClock(1_000)
  const lasting = new LastingStreams(clock)
  const ended: string[] = []
  lasting.follow(tableOf("v1", { v1: undefined }))
  lasting.add("v1", (reason) => ended.push(reason))
  return { clock, lasting, ended }
}

test("a stream lives until its version's deadline, however far away", async () => {
  const { clock, lasting, ended } = stage()
  const days40 = 40 * 86_400_000
  lasting.follow(tableOf("v2", { v1: { announcedAt: 1_000, reloadBy: 1_000 + days40 }, v2: undefined }))
  for (let day = 0; day < 39; day++) await clock.advance(86_400_000)
  await clock.advance(86_399_999)
  assert.deepEqual(ended, [])
  await clock.advance(1)
  assert.deepEqual(ended, ["version v1 is retired"])
})

test("a stream ends when its version leaves the table", async () => {
  const { clock, lasting, ended } = stage()
  lasting.follow(tableOf("v2", { v2: undefined }))
  await clock.advance(0)
  assert.deepEqual(ended, ["version v1 is retired"])
})

test("a deadline taken back ends nothing", async () => {
  const { clock, lasting, ended } = stage()
  lasting.follow(tableOf("v2", { v1: { announcedAt: 1_000, reloadBy: 5_000 }, v2: undefined }))
  await clock.advance(3_999)
  lasting.follow(tableOf("v1", { v1: undefined, v2: undefined }))
  await clock.advance(10_000)
  assert.deepEqual(ended, [])
})

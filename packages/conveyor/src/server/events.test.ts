import assert from "node:assert/strict"
import { test } from "node:test"
import { EventHub } from "./events.ts"
import type { Stamped } from "./events.ts"

const keeper = (message: string): Stamped => ({ type: "keeper", message, at: 0 })
const progress = (message: string): Stamped => ({ type: "progress", release: 1, step: "build", message, shards: undefined, at: 0 })

function follower(hub: EventHub, signal = new AbortController().signal): string[] {
  const seen: string[] = []
  hub.follow((event) => seen.push("message" in event ? event.message : event.type), signal)
  return seen
}

test("a follower sees what was, then what comes, in order", () => {
  const hub = new EventHub()
  hub.publish(keeper("one"))
  const seen = follower(hub)
  hub.publish(keeper("two"))
  assert.deepEqual(seen, ["one", "two"])
})

test("every follower sees everything, and one that went sees no more", () => {
  const hub = new EventHub()
  const gone = new AbortController()
  const [first, second] = [follower(hub, gone.signal), follower(hub)]
  hub.publish(keeper("one"))
  gone.abort()
  hub.publish(keeper("two"))
  assert.deepEqual([first, second], [["one"], ["one", "two"]])
})

test("of progress a late follower gets only the latest, so that it pushes nothing else out", () => {
  const hub = new EventHub()
  hub.publish(keeper("first"))
  for (let i = 0; i < 1_000; i++) hub.publish(progress(`line ${i}`))
  assert.deepEqual(follower(hub), ["first", "line 999"])
})

test("what is remembered is bounded, and the oldest is forgotten first", () => {
  const hub = new EventHub()
  for (let i = 0; i < 1_000; i++) hub.publish(keeper(String(i)))
  const seen = follower(hub)
  assert.equal(seen.length, 200)
  assert.deepEqual([seen[0], seen.at(-1)], ["800", "999"])
})

import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { EventHub } from "./events.ts"
import type { Event, Happening } from "../protocol/events.ts"

const keeper = (version: string): Happening => ({ type: "keeper", fact: { kind: "version-stopping", version } })
const progress = (message: string): Happening => ({ type: "progress", run: 1, step: "build", message })

function told(event: Event): string {
  if (event.type === "keeper") return event.fact.version
  return event.type === "progress" ? event.message : event.type
}

function follower(hub: EventHub, options: { signal?: AbortSignal; after?: string } = {}): string[] {
  const seen: string[] = []
  hub.follow((event) => seen.push(told(event)), options.signal ?? new AbortController().signal, options.after)
  return seen
}

test("a follower sees what was, then what comes, in order", () => {
  const hub = new EventHub(1)
  hub.publish(keeper("one"), 0)
  const seen = follower(hub)
  hub.publish(keeper("two"), 0)
  assert.deepEqual(seen, ["one", "two"])
})

test("every follower sees everything, and one that went sees no more", () => {
  const hub = new EventHub(1)
  const gone = new AbortController()
  const [first, second] = [follower(hub, { signal: gone.signal }), follower(hub)]
  hub.publish(keeper("one"), 0)
  gone.abort()
  hub.publish(keeper("two"), 0)
  assert.deepEqual([first, second], [["one"], ["one", "two"]])
})

test("of progress a late follower gets only the latest, so that it pushes nothing else out", () => {
  const hub = new EventHub(1)
  hub.publish(keeper("first"), 0)
  for (let i = 0; i < 1_000; i++) hub.publish(progress(`line ${i}`), 0)
  assert.deepEqual(follower(hub), ["first", "line 999"])
})

test("what the keeper says each second pushes nothing else out either", () => {
  const hub = new EventHub(1)
  hub.publish(keeper("v1"), 0)
  for (let i = 0; i < 1_000; i++) hub.publish(keeper("v2"), i)
  assert.deepEqual(follower(hub), ["v1", "v2"])
})

test("what is remembered is bounded, and the oldest is forgotten first", () => {
  const hub = new EventHub(1)
  for (let i = 0; i < 1_000; i++) hub.publish(keeper(String(i)), 0)
  const seen = follower(hub)
  assert.equal(seen.length, 500)
  assert.deepEqual([seen[0], seen.at(-1)], ["500", "999"])
})

test("whoever was away gets each event that it did not see once and in order, or is told first that it has missed some", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("keeper", "keeper", "keeper", "progress"), { maxLength: 1_200, size: "max" }),
      fc.nat({ max: 1_200 }),
      (kinds, cut) => {
        const hub = new EventHub(3)
        const live: Event[] = []
        hub.follow((event) => live.push(event), new AbortController().signal)
        for (const [i, kind] of kinds.entries()) hub.publish(kind === "keeper" ? keeper(String(i)) : progress(String(i)), i)
        const last = live[Math.min(cut, live.length) - 1]
        if (last === undefined) return
        const after: Event[] = []
        hub.follow((event) => after.push(event), new AbortController().signal, last.id)
        const keepers = (events: readonly Event[]) => events.flatMap(({ type, id }) => (type === "keeper" ? [id] : []))
        const owed = keepers(live.slice(live.indexOf(last) + 1))
        const got = keepers(after)
        assert.equal(got.join(), (after[0]?.type === "missed" ? owed.slice(owed.length - got.length) : owed).join())
        if (after.length > 0) assert.equal(after.at(-1)?.id, live.at(-1)?.id)
      },
    ),
    { endOnFailure: true },
  )
})

test("numbers of the control plane before are not taken for this one's", () => {
  const hub = new EventHub(4)
  for (const version of ["v1", "v2"]) hub.publish(keeper(version), 0)
  assert.deepEqual(follower(hub, { after: "4-1" }), ["v2"])
  for (const after of ["3-1", "4-3", "4", "", "-", "4-1 "]) assert.deepEqual(follower(hub, { after }), ["missed", "v1", "v2"], after)
})

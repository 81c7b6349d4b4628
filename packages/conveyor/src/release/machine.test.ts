import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { JournalEvent, JournalEventName, ReleaseKind, ReleaseRecord, ReleaseState } from "../store/records.ts"
import { nextMove, stateOf, undoAttempts, whyIllegal } from "./machine.ts"
import type { Outcome } from "./machine.ts"
import { plans } from "./plan.ts"

class Journal {
  readonly events: JournalEvent[] = []

  write(step: string, event: JournalEventName, facts: Record<string, unknown> = {}): void {
    this.events.push({ seq: this.events.length + 1, release: 1, step, event, at: 0, fence: 1, facts })
  }
}

const journal = (...lines: [string, JournalEventName, Record<string, unknown>?][]) => {
  const made = new Journal()
  for (const [step, event, facts] of lines) made.write(step, event, facts)
  return made.events
}

const done = (...steps: string[]) =>
  steps.flatMap((step): [string, JournalEventName][] => [
    [step, "started"],
    [step, "succeeded"],
  ])
const upTo = (step: string) =>
  plans.release.steps.slice(
    0,
    plans.release.steps.findIndex((each) => each === step),
  )

test("an empty journal begins with the first step, a full one has promoted", () => {
  assert.deepEqual(nextMove(plans.release, []), { move: "do", step: "build" })
  assert.deepEqual(nextMove(plans.release, journal(...done(...plans.release.steps))), {
    move: "end",
    outcome: "promoted",
    reason: undefined,
  })
})

test("a step that was begun when the control plane died is done again", () => {
  assert.deepEqual(nextMove(plans.release, journal(...done(...upTo("switch")), ["switch", "started"])), { move: "do", step: "switch" })
})

test("going back undoes the step that failed first, then those before it", () => {
  const failed = journal(...done(...upTo("bake")), ["bake", "started"], ["bake", "failed", { message: "20% failed" }])
  assert.deepEqual(nextMove(plans.release, failed), { move: "undo", step: "bake" })
  const further = [...failed, ...journal(["bake", "undo_started"], ["bake", "undo_finished"])]
  assert.deepEqual(nextMove(plans.release, further), { move: "undo", step: "switch" })
})

test("a failure behind the promotion takes nothing back, and is told", () => {
  const events = journal(...done(...upTo("retire")), ["retire", "started"], ["retire", "failed", { message: "a page stays" }])
  assert.deepEqual(nextMove(plans.release, events), { move: "end", outcome: "promoted", reason: "a page stays" })
})

test("a gate that refuses has touched nothing", () => {
  const events = journal(["contract", "started"], ["contract", "failed", { code: "contract-refused", message: "v1 is warm" }])
  assert.deepEqual(nextMove(plans.contract, events), { move: "end", outcome: "refused", reason: "v1 is warm" })
})

test("an undo that never works is given up after a while, and the run says where it stands", () => {
  const failures = Array.from({ length: undoAttempts }, (): [string, JournalEventName, Record<string, unknown>?][] => [
    ["switch", "undo_started"],
    ["switch", "undo_failed", { message: "no edge" }],
  ]).flat()
  const switched: [string, JournalEventName, Record<string, unknown>?][] = [
    ["switch", "started"],
    ["switch", "failed", { message: "no edge" }],
  ]
  assert.deepEqual(nextMove(plans.release, journal(...done(...upTo("switch")), ...switched, ...failures)), {
    move: "end",
    outcome: "failed",
    reason: "switch: no edge; going back failed too, at switch: no edge",
  })
})

const running = (kind: ReleaseKind, state: ReleaseState = "running"): ReleaseRecord => ({
  id: 1,
  kind,
  version: "v1",
  commit: "a",
  change: undefined,
  requestedAt: 0,
  state,
  reason: undefined,
  endedAt: undefined,
})

const refusals: [string, Parameters<typeof whyIllegal>, RegExp][] = [
  ["a success without a start", [running("release"), [], { step: "build", event: "succeeded" }], /build is pending/],
  ["a step out of the plan", [running("release"), [], { step: "contract", event: "started" }], /a release has no such step/],
  ["a step before its turn", [running("release"), journal(...done("build")), { step: "start", event: "started" }], /next is to do test/],
  ["a second success", [running("release"), journal(...done("build")), { step: "build", event: "succeeded" }], /next is to do test/],
  ["an undo of what goes well", [running("release"), journal(...done("build")), { step: "build", event: "undo_started" }], /do test/],
  [
    "a start on the way back",
    [running("release"), journal(["build", "started"], ["build", "failed"]), { step: "build", event: "started" }],
    /undo build/,
  ],
  [
    "the end of an undo that was never begun",
    [running("release"), journal(["build", "started"], ["build", "failed"]), { step: "build", event: "undo_finished" }],
    /build is failed/,
  ],
  ["an event before the beginning", [running("release", "queued"), [], { step: "build", event: "started" }], /has not begun/],
  [
    "an event after the end",
    [running("release", "promoted"), journal(...done("build")), { step: "test", event: "started" }],
    /has ended: it is promoted/,
  ],
  [
    "an event when all is done",
    [running("contract"), journal(...done("contract")), { step: "contract", event: "started" }],
    /nothing is left to do/,
  ],
]
for (const [what, ask, why] of refusals) test(`${what} is not written`, () => assert.match(whyIllegal(...ask) ?? "it is written", why))

const anyEvent = fc.record({
  step: fc.constantFrom(...plans.rollback.steps, "build", "weather"),
  event: fc.constantFrom<JournalEventName>("started", "succeeded", "failed", "undo_started", "undo_finished", "undo_failed"),
})

test("whatever is asked to be written, a journal only ever holds what can have happened", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 300 }), (asked) => {
      const { events, write } = recording()
      for (const next of asked) if (whyIllegal(running("rollback"), events, next) === undefined) write(next.step, next.event)
      for (const [i, { step, event }] of events.entries()) {
        const before = events.slice(0, i)
        const had = (name: JournalEventName, of = step) => before.some((each) => each.step === of && each.event === name)
        const place = plans.rollback.steps.findIndex((each) => each === step)
        assert.ok(place >= 0, "a step of the plan")
        if (event === "succeeded" || event.startsWith("undo_")) assert.ok(had("started"))
        if (event === "undo_finished" || event === "undo_failed") assert.ok(had("undo_started"))
        if (event.startsWith("undo_")) assert.ok(before.some((each) => each.event === "failed"))
        else for (const earlier of plans.rollback.steps.slice(0, place)) assert.ok(had("succeeded", earlier))
      }
    }),
    { numRuns: 500 },
  )
})

/** What happens to a move: it works, it fails, or the control plane dies before its end is written. */
const fate = fc.oneof({ weight: 6, arbitrary: fc.constant("works") }, fc.constantFrom("fails", "crash before", "crash after"))

test("from every journal that failures and crashes can leave, the next move is defined, and it is a right one", () => {
  fc.assert(
    fc.property(
      fc.constantFrom<ReleaseKind>("release", "rollback", "contract", "abort"),
      fc.array(fate, { maxLength: 60 }),
      (kind, fates) => {
        const plan = plans[kind]
        const { write: append, events } = recording()
        const write: typeof append = (step, event, facts) => {
          assert.equal(whyIllegal(running(kind), events, { step, event }), undefined, "what a run does may be written")
          append(step, event, facts)
        }
        let outcome: Outcome | undefined
        let lastUndone = Infinity
        for (let turn = 0; outcome === undefined; turn++) {
          assert.ok(turn < 500, "it comes to an end")
          const wasDone = events.some((event) => event.step === plan.doneAfter && event.event === "succeeded")
          const next = nextMove(plan, events)
          if (next.move === "end") {
            outcome = next.outcome
            break
          }
          const happens = fates[turn] ?? "works"
          if (happens === "crash before") continue
          if (next.move === "do") {
            assert.equal(
              events.some(({ event }) => event === "undo_started"),
              false,
              "nothing is begun on the way back",
            )
            for (const before of plan.steps.slice(0, plan.steps.indexOf(next.step))) assert.equal(stateOf(before, events), "done")
            write(next.step, "started")
            if (happens === "works") write(next.step, "succeeded")
            if (happens === "fails") write(next.step, "failed", { message: "it failed" })
          } else {
            assert.equal(wasDone, false, "what was promoted is not undone")
            assert.ok(
              events.some(({ step, event }) => step === next.step && event === "started"),
              "only what was started is undone",
            )
            const place = plan.steps.indexOf(next.step)
            assert.ok(place <= lastUndone, "in the reverse order")
            lastUndone = place
            write(next.step, "undo_started")
            if (happens === "works") write(next.step, "undo_finished")
            if (happens === "fails") write(next.step, "undo_failed", { message: "it failed" })
          }
        }
        if (events.some(({ step, event }) => step === plan.doneAfter && event === "succeeded")) assert.equal(outcome, "promoted")
        const leftOver = plan.steps.filter((step) => !["pending", "undone"].includes(stateOf(step, events)))
        const wasGivenUp = events.filter(({ event }) => event === "undo_failed").length >= undoAttempts
        if (outcome !== "promoted" && !wasGivenUp) assert.deepEqual(leftOver, [])
      },
    ),
    { numRuns: 2_000 },
  )
})

function recording() {
  const made = new Journal()
  return { events: made.events, write: made.write.bind(made) }
}

import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { JournalEvent, JournalEventName, ReleaseKind } from "../store/records.ts"
import { nextMove, stateOf, undoAttempts } from "./machine.ts"
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

/** What happens to a move: it works, it fails, or the control plane dies before its end is written. */
const fate = fc.oneof({ weight: 6, arbitrary: fc.constant("works") }, fc.constantFrom("fails", "crash before", "crash after"))

test("from every journal that failures and crashes can leave, the next move is defined, and it is a right one", () => {
  fc.assert(
    fc.property(
      fc.constantFrom<ReleaseKind>("release", "rollback", "contract", "abort"),
      fc.array(fate, { maxLength: 60 }),
      (kind, fates) => {
        const plan = plans[kind]
        const { write, events } = recording()
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

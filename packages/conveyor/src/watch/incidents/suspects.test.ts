import assert from "node:assert/strict"
import { test } from "node:test"
import { suspectsOf } from "./suspects.ts"

const minute = 60_000
const openedAt = 1_000 * minute
const what = (place: object, causes: { what: string; at: number; place: object }[]) =>
  suspectsOf({ openedAt, place }, causes).map((each) => each.what)

test("of two releases the later one is suspected first, and what came after the incident never", () => {
  const causes = [
    { what: "v1 became current", at: openedAt - 90 * minute, place: {} },
    { what: "v2 became current", at: openedAt - 2 * minute, place: {} },
    { what: "v3 became current", at: openedAt + 1, place: {} },
    { what: "of yesterday", at: openedAt - 24 * 60 * minute, place: {} },
  ]
  assert.deepEqual(what({}, causes), ["v2 became current"])
})

test("what was done in the same place is suspected before what was done later and elsewhere", () => {
  const causes = [
    { what: "orders restarted", at: openedAt - 1 * minute, place: { service: "orders" } },
    { what: "web became current", at: openedAt - 5 * minute, place: { service: "web" } },
  ]
  assert.deepEqual(what({ service: "web" }, causes), ["web became current", "orders restarted"])
  assert.match(suspectsOf({ openedAt, place: { service: "web" } }, causes)[1]?.because ?? "", /elsewhere: service orders/)
})

test("nothing that changed is nothing that is suspected", () => assert.deepEqual(suspectsOf({ openedAt, place: {} }, []), []))

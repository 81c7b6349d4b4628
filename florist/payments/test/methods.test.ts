// The expressions of changes/0002-payment-methods.yml, on a real server.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import fc from "fast-check"
import { tenderFromRow, tenderToRow } from "../src/tender.ts"
import type { Method } from "../src/tender.ts"
import { operationsOf, startPlatform } from "./platform.ts"
import type { DeriveColumns, Platform } from "./platform.ts"

let platform: Platform
let change: DeriveColumns

before(async () => {
  platform = await startPlatform()
  const found = (await operationsOf("0002-payment-methods")).find(({ derive_columns }) => derive_columns !== undefined)
  assert.ok(found?.derive_columns)
  change = found.derive_columns
})

after(() => platform[Symbol.asyncDispose]())

const method = fc.constantFrom<Method>("cash", "card", "bonus", "gift_card", "qr")
const ref = fc.option(
  fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !text.includes("\u0000")),
  { nil: null },
)
const tenders = fc.array(fc.record({ method, providerRef: ref, amount: fc.nat() }), { minLength: 1, maxLength: 50 })

test("down after up gives every old value back, and up after down every new one", async () => {
  const { up, down } = change
  const downAfterUp = `
    SELECT old.method AS before, (SELECT ${down.method} FROM (SELECT ${up.method_code} AS method_code, ${up.provider_ref} AS provider_ref) new) AS after
    FROM unnest($1::text[]) WITH ORDINALITY AS old(method, place) ORDER BY place`
  const upAfterDown = `
    SELECT new.method_code, new.provider_ref, ${up.method_code} AS code_after, ${up.provider_ref} AS ref_after
    FROM unnest($1::smallint[], $2::text[]) AS new(method_code, provider_ref), LATERAL (SELECT ${down.method} AS method) old`
  await fc.assert(
    fc.asyncProperty(tenders, async (list) => {
      const texts = list.map(({ method, providerRef }) => (providerRef === null ? method : `${method}:${providerRef}`))
      const there = await platform.shard.query<{ before: string; after: string }>(downAfterUp, [texts])
      assert.equal(there.rowCount, texts.length)
      for (const { before, after } of there.rows) assert.equal(after, before)

      const rows = list.map(tenderToRow)
      const back = await platform.shard.query(upAfterDown, [rows.map((row) => row.method_code), rows.map((row) => row.provider_ref)])
      for (const row of back.rows) assert.deepEqual([row.code_after, row.ref_after], [row.method_code, row.provider_ref])
    }),
    { numRuns: 60 },
  )
})

test("what up makes of an old value is what the new code means by it", async () => {
  const { up } = change
  await fc.assert(
    fc.asyncProperty(tenders, async (list) => {
      const texts = list.map(({ method, providerRef }) => (providerRef === null ? method : `${method}:${providerRef}`))
      const { rows } = await platform.shard.query(
        `SELECT ${up.method_code} AS method_code, ${up.provider_ref} AS provider_ref, 7 AS amount
         FROM unnest($1::text[]) WITH ORDINALITY AS old(method, place) ORDER BY place`,
        [texts],
      )
      assert.deepEqual(
        rows.map(tenderFromRow),
        list.map((tender) => ({ ...tender, amount: 7 })),
      )
    }),
    { numRuns: 60 },
  )
})

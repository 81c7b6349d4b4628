import assert from "node:assert/strict"
import { test } from "node:test"
import type { Readable } from "../operations/operation.ts"
import { namedBy } from "./readers.ts"

const table = { schema: "payments", name: "payment" }
const method: Readable = { kind: "column", table, column: "method" }

test("a statement that names the column of the table is a reader, whichever way it is written", async () => {
  const readers = [
    "SELECT method FROM payments.payment WHERE id = $1",
    "SELECT p.method FROM payment p",
    "SELECT id FROM payments.payment WHERE lower(method) = $1",
    "SELECT id FROM payments.payment ORDER BY method",
    'SELECT "method" FROM "payments"."payment"',
    "SELECT * FROM payments.payment",
    "SELECT p.* FROM payments.shop s JOIN payments.payment p ON p.shop_id = s.id",
    "INSERT INTO payments.payment (id, method) VALUES ($1, $2)",
    "INSERT INTO payments.payment (id) VALUES ($1) RETURNING *",
    "UPDATE payments.payment SET method = $1 WHERE id = $2",
    "DELETE FROM payments.payment WHERE method = $1",
    "WITH x AS (SELECT id, method FROM payments.payment) SELECT count(*) FROM x",
    "COPY payments.payment (id, method) TO STDOUT",
    "SELECT id, met",
    "SELECT method FROM payments.payment WHERE id IN ($1, $2, ",
  ]
  const found = await Promise.all(readers.map(async (query) => ((await namedBy(query, [method])) === undefined ? undefined : query)))
  assert.deepEqual(
    found,
    readers.map((query) => (query === "SELECT id, met" ? undefined : query)),
  )
})

test("a statement that does not name it, or names another's, is none", async () => {
  const others = [
    "SELECT id, method_code FROM payments.payment",
    "SELECT count(*) FROM payments.payment",
    "SELECT method FROM delivery.parcel",
    "SELECT method FROM archive.payment",
    "SELECT id FROM payments.payment WHERE note = 'method'",
    "UPDATE payments.payment SET method_code = $1 WHERE id = $2",
    "ALTER TABLE payments.payment ADD COLUMN method_2 text",
    "VACUUM payments.payment",
  ]
  for (const query of others) assert.equal(await namedBy(query, [method]), undefined, query)
})

test("of a whole table, any statement that touches it is a reader", async () => {
  const whole: Readable = { kind: "table", table }
  assert.equal(await namedBy("SELECT id FROM payments.payment", [whole]), "payments.payment")
  assert.equal(await namedBy("SELECT payment FROM payments.shop", [whole]), undefined)
})

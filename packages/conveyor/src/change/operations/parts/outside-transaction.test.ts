import assert from "node:assert/strict"
import { test } from "node:test"
import { runsOutsideTransaction } from "./outside-transaction.ts"

test("only what PostgreSQL refuses inside a transaction is run outside of one", () => {
  const outside = [
    "CREATE INDEX CONCURRENTLY i ON a.b (c)",
    "create unique\n index /* quick */ concurrently if not exists i on a.b (c)",
    "DROP INDEX CONCURRENTLY a.i;",
    "VACUUM a.b",
    "REINDEX (CONCURRENTLY) TABLE a.b",
    'ALTER TABLE "a b".c DETACH PARTITION "p 1" CONCURRENTLY',
  ]
  const inside = [
    "ALTER TABLE a.b ADD COLUMN n int /* no CONCURRENTLY here */",
    "-- CREATE INDEX CONCURRENTLY\nALTER TABLE a.b ADD n int",
    "COMMENT ON TABLE a.b IS 'built CONCURRENTLY'",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $x$ VACUUM $x$",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY a.m",
    "/* outer /* inner */ VACUUM */ SELECT 1",
    'ALTER TABLE a.b RENAME "CREATE INDEX CONCURRENTLY" TO c',
  ]
  for (const sql of outside) assert.equal(runsOutsideTransaction(sql), true, sql)
  for (const sql of inside) assert.equal(runsOutsideTransaction(sql), false, sql)
})

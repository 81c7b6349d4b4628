import assert from "node:assert/strict"
import { test } from "node:test"
import { lintChange } from "./lint.ts"
import { changeOf } from "../test/testing.ts"

const sqlChange = (statement: string, phase = "expand") =>
  changeOf(
    "0002-x",
    `summary: x\noperations:\n  - sql:\n      ${phase}: |\n        ${statement}\n${phase === "expand" ? "      undo: SELECT 1\n" : ""}`,
  )

const rulesOf = async (statement: string, phase?: string) => (await lintChange(sqlChange(statement, phase))).map(({ rule }) => rule)

test("a statement that would lock, rewrite or break the running version is found, with its place and a safe way", async () => {
  const cases: [statement: string, rules: string[]][] = [
    ["ALTER TABLE a.b ALTER COLUMN c TYPE bigint", ["rewrites"]],
    ["ALTER TABLE a.b DROP COLUMN c", ["breaks-running"]],
    ["ALTER TABLE a.b ALTER c SET NOT NULL", ["scans-locked"]],
    ["ALTER TABLE a.b ADD CONSTRAINT k CHECK (c > 0)", ["scans-locked"]],
    ["ALTER TABLE a.b ADD CONSTRAINT k CHECK (c > 0) NOT VALID", []],
    ["ALTER TABLE a.b ADD CONSTRAINT k FOREIGN KEY (c) REFERENCES d (e)", ["scans-locked"]],
    ["ALTER TABLE a.b ADD CONSTRAINT k UNIQUE (c)", ["blocks-all"]],
    ["ALTER TABLE a.b ADD CONSTRAINT k UNIQUE USING INDEX i", []],
    ["ALTER TABLE a.b ADD COLUMN c int", []],
    ["ALTER TABLE a.b ADD COLUMN c int NOT NULL", ["breaks-running"]],
    ["ALTER TABLE a.b ADD COLUMN c int NOT NULL DEFAULT 0", []],
    ["ALTER TABLE a.b ADD COLUMN c timestamptz DEFAULT now()", []],
    ["ALTER TABLE a.b ADD COLUMN c uuid DEFAULT gen_random_uuid()", ["rewrites"]],
    ["ALTER TABLE a.b ADD COLUMN c int UNIQUE", ["blocks-all"]],
    ["ALTER TABLE a.b RENAME c TO d", ["breaks-running"]],
    ["ALTER TABLE a.b RENAME TO d", ["breaks-running"]],
    ["ALTER TABLE a.b SET SCHEMA d", ["breaks-running"]],
    ["CREATE INDEX i ON a.b (c)", ["blocks-writes"]],
    ["CREATE INDEX CONCURRENTLY i ON a.b (c)", []],
    ["CREATE TABLE a.n (id int); CREATE INDEX i ON a.n (id)", ["several-statements"]],
    ["DROP TABLE a.b", ["breaks-running"]],
    ["DROP INDEX a.i", ["blocks-all"]],
    ["TRUNCATE a.b", ["blocks-all"]],
    ["UPDATE a.b SET c = 1", ["long-transaction"]],
    ["DELETE FROM a.b", ["long-transaction"]],
    ["VACUUM FULL a.b", ["rewrites"]],
    ["VACUUM a.b", []],
    ["REINDEX TABLE a.b", ["blocks-writes"]],
    ["REINDEX TABLE CONCURRENTLY a.b", []],
    ["LOCK TABLE a.b", ["blocks-all"]],
    ["BEGIN", ["transaction"]],
    ["ALTER TABEL a.b ADD c int", ["syntax"]],
    ["COMMENT ON TABLE a.b IS 'x'", []],
  ]
  for (const [statement, rules] of cases) assert.deepEqual(await rulesOf(statement), rules, statement)
  const [finding] = await lintChange(sqlChange("ALTER TABLE a.b DROP COLUMN c"))
  assert.deepEqual(
    { file: finding?.file, line: finding?.line, column: finding?.column, key: finding?.key },
    { file: "changes/0002-x.yml", line: 4, column: 7, key: "operations.0.sql.expand" },
  )
  assert.match(finding?.safeWay ?? "", /drop_column/)
})

test("at contract old code is gone: dropping is allowed there, rewriting is not", async () => {
  assert.deepEqual(await rulesOf("DROP TABLE a.b", "contract"), [])
  assert.deepEqual(await rulesOf("ALTER TABLE a.b DROP COLUMN c", "contract"), [])
  assert.deepEqual(await rulesOf("ALTER TABLE a.b ALTER COLUMN c TYPE bigint", "contract"), ["rewrites"])
})

test("an expression that is not repeatable, or reads other rows, is refused", async () => {
  const derive = (up: string) =>
    changeOf(
      "0002-x",
      `summary: x\noperations:\n  - derive_columns:\n      table: a.b\n      from: { c: text }\n      to: { d: { type: text } }\n      up: { d: "${up}" }\n      down: { c: d }\n`,
    )
  assert.deepEqual((await lintChange(derive("upper(c)"))).length, 0)
  assert.deepEqual(
    (await lintChange(derive("c || now()"))).map(({ rule, line, key }) => ({ rule, line, key })),
    [{ rule: "not-repeatable", line: 7, key: "operations.0.derive_columns.up.d" }],
  )
  assert.deepEqual(
    (await lintChange(derive("c || current_date"))).map(({ rule }) => rule),
    ["not-repeatable"],
  )
  assert.deepEqual(
    (await lintChange(derive("(SELECT max(c) FROM a.b)"))).map(({ rule }) => rule),
    ["looks-elsewhere"],
  )
})

test("a rule that is named in allow is let pass, and no other", async () => {
  const change = changeOf(
    "0002-x",
    "summary: x\noperations:\n  - sql:\n      expand: [DELETE FROM a.small, DROP TABLE a.b]\n      undo: SELECT 1\n      allow: [long-transaction]\n",
  )
  assert.deepEqual(
    (await lintChange(change)).map(({ rule }) => rule),
    ["breaks-running"],
  )
})

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
    ["ALTER TABLE a.b ADD c text DEFAULT ('x' || gen_random_uuid()::text)", ["rewrites"]],
    ["ALTER TABLE a.b ADD c uuid DEFAULT a.my_id()", ["rewrites"]],
    ["ALTER TABLE a.b ADD c bigserial", ["rewrites"]],
    ["ALTER TABLE a.b ADD c int DEFAULT 1 CHECK (c > 0)", ["scans-locked"]],
    ["ALTER TABLE a.b ADD c json", ["no-equality"]],
    ["ALTER TABLE a.b ADD c timestamp", ["no-time-zone"]],
    ["ALTER TABLE a.b ADD c a.positive", ["own-type"]],
    ["ALTER TABLE a.b ADD c varchar(10)", []],
    ["ALTER TABLE a.b ADD CONSTRAINT p PRIMARY KEY USING INDEX i", ["scans-locked"]],
    ["ALTER TABLE a.b ATTACH PARTITION a.p FOR VALUES IN (1)", ["scans-locked"]],
    ["ALTER TABLE a.b DETACH PARTITION a.p", ["blocks-all", "breaks-running"]],
    ["ALTER TABLE a.b DISABLE TRIGGER ALL", ["disables-triggers"]],
    ["ALTER TABLE a.b SET ACCESS METHOD heap2", ["rewrites"]],
    ["ALTER TABLE a.b REPLICA IDENTITY NOTHING", ["breaks-running"]],
    ["ALTER TABLE a.b ALTER c DROP NOT NULL", []],
    ["ALTER TABLE a.b ALTER c SET DEFAULT 0", []],
    [
      "ALTER TABLE a.b ADD CONSTRAINT k CHECK (c > 0) NOT VALID; ALTER TABLE a.b VALIDATE CONSTRAINT k",
      ["several-statements", "scans-locked"],
    ],
    ["ALTER TABLE a.b RENAME CONSTRAINT c TO d", []],
    ["ALTER INDEX a.i RENAME TO j", []],
    ["ALTER TYPE a.mood RENAME VALUE 'x' TO 'y'", ["breaks-running"]],
    ["ALTER SCHEMA a RENAME TO d", ["breaks-running"]],
    ["CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a.b (c)", ["keeps-invalid"]],
    ["DROP TABLE a.b CASCADE", ["cascades"]],
    ["DROP OWNED BY app", ["unknown-statement"]],
    ["WITH x AS (UPDATE a.b SET c = 0 RETURNING 1) SELECT count(*) FROM x", ["long-transaction"]],
    ["MERGE INTO a.b USING a.d ON b.id = d.id WHEN MATCHED THEN DELETE", ["long-transaction"]],
    ["INSERT INTO a.b SELECT * FROM a.d", ["long-transaction"]],
    ["INSERT INTO a.b VALUES (1)", []],
    ["DO $$BEGIN UPDATE a.b SET c = 0; END$$", ["opaque"]],
    ["SELECT a.rewrite_everything()", ["opaque"]],
    ["SELECT 1", []],
    ["SELECT setval('a.s', 100)", []],
    ["SELECT pg_sleep(60)", ["acts"]],
    ["SELECT set_config('lock_timeout', '0', false)", ["acts"]],
    ["SELECT pg_terminate_backend(pid) FROM pg_stat_activity", ["acts"]],
    ["EXPLAIN ANALYZE DELETE FROM a.b", ["long-transaction"]],
    ["EXPLAIN DELETE FROM a.b", []],
    ["SET lock_timeout = 0", ["session-state"]],
    ["ALTER SYSTEM SET fsync = off", ["unknown-statement"]],
    ["COPY a.b FROM PROGRAM 'x'", ["acts"]],
    ["REFRESH MATERIALIZED VIEW a.m", ["blocks-all"]],
    ["CREATE TABLE a.n AS SELECT * FROM a.b", ["long-transaction"]],
    ["CREATE TABLE a.n PARTITION OF a.b FOR VALUES IN (1)", ["blocks-all"]],
    ["CREATE OR REPLACE FUNCTION a.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", ["breaks-running"]],
    ["CREATE FUNCTION a.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", []],
    ["CREATE EXTENSION citext", []],
    ["GRANT SELECT ON a.b TO app", []],
    ["REVOKE SELECT ON a.b FROM app", ["breaks-running"]],
    ["ALTER DOMAIN a.positive ADD CHECK (VALUE < 10)", ["scans-locked"]],
    ["CREATE TABLE archive.b (id int); ALTER TABLE a.b ALTER c TYPE bigint", ["several-statements", "rewrites"]],
    ["CREATE TABLE a.n (id int); ALTER TABLE a.n ALTER id TYPE bigint", ["several-statements"]],
    ["CHECKPOINT", ["unknown-statement"]],
    ["SELECT 1; CREATE INDEX CONCURRENTLY i ON a.b (c)", ["several-statements", "alone"]],
    ["ALTER TYPE a.m ADD VALUE 'y'; ALTER TABLE a.b ALTER c SET DEFAULT 'y'", ["several-statements", "too-new"]],
    ["ALTER TYPE a.m ADD VALUE 'y'; ALTER TABLE a.b ALTER c SET DEFAULT 'x'", ["several-statements"]],
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

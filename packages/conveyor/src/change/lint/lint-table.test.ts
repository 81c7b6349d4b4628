import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { kinds } from "./known-statements.ts"
import { changeWith, lintTable } from "./lint-table.ts"
import { lintChange } from "./lint.ts"

test("docs/lint.md says what the lint says (node scripts/lint-table.ts writes it anew)", async () => {
  const written = readFileSync(join(import.meta.dirname, "../../../../../docs/lint.md"), "utf8")
  assert.equal(await lintTable(), written)
})

test("every statement of the table is one that PostgreSQL's parser takes, and every refusal names a way", async () => {
  for (const statement of kinds.flatMap(({ statements }) => statements)) {
    for (const { rule, safeWay } of await lintChange(changeWith(statement))) {
      assert.notEqual(rule, "syntax", statement)
      assert.match(safeWay, /^[A-Z].*\.$/, statement)
    }
  }
})

import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { globSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { errorCodes, kindOf, knownCode } from "./error-catalogue.ts"

const root = join(import.meta.dirname, "../..")

test("whose fault an error is, its status and its exit code say the same", () => {
  for (const code of errorCodes) {
    const { fault, status, exit } = kindOf(code)
    if (fault === "asker") assert.ok(status >= 400 && status < 500 && exit <= 2, code)
    if (fault === "application") assert.ok(status >= 400 && status < 500 && exit === 1, code)
    if (fault === "environment") assert.ok(status >= 500 && exit === 3, code)
    if (fault === "conveyor") assert.equal(exit, 4, code)
  }
})

test("the catalogue has no code that nothing throws", async () => {
  const files = globSync("**/*.ts", { cwd: root }).filter((file) => !file.endsWith(".test.ts") && !file.endsWith("error-catalogue.ts"))
  const source = (await Promise.all(files.map((file) => readFile(join(root, file), "utf8")))).join("\n")
  assert.deepEqual(
    errorCodes.filter((code) => !source.includes(`"${code}"`)),
    [],
  )
})

test("a code of another release is not taken for one of ours", () => {
  assert.equal(knownCode("no-such-version"), "no-such-version")
  for (const code of ["from-the-future", "toString", "__proto__", ""]) assert.equal(knownCode(code), "unexpected")
})

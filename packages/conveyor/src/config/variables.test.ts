import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { revealed } from "../kernel/secret.ts"
import { loadConfig } from "./load-config.ts"

const withEnvironment = (lines: string) => `name: shop\nservices: { web: { start: x, routes: [/] } }\nenvironment:${lines}`
const read = (lines: string, variables = {}) => revealed(loadConfig(withEnvironment(lines), "conveyor.yml", variables).environment)

const ways = ["\n  A: ${S}\n", "\n  A: '${S}'\n", '\n  A: "${S}"\n', " { A: ${S} }\n", ' { A: "${S}", B: x }\n', "\n  A: >-\n    ${S}\n"]

test("whatever a variable holds, it arrives as it is, however it is quoted, and is never read as YAML", () => {
  const odd = [
    "007",
    "1e3",
    "0x1F",
    "true",
    "null",
    "~",
    "",
    "pa#ss #word",
    "'q'",
    '"',
    "*star",
    "&a",
    "[a]",
    "{a}",
    "@",
    "%",
    "`",
    " lead ",
    "a: b",
    "- x",
    "!t",
    "x\nrelease: {}",
    "\\n",
    "$$",
    "${S}",
    "}",
    "\uE000\uE001\uE002",
  ]
  for (const value of odd) for (const way of ways) assert.equal(read(way, { S: value })["A"], value, `${way} ${JSON.stringify(value)}`)
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }).filter((value) => !value.includes("\0")),
      fc.constantFrom(...ways),
      (value, way) => assert.equal(read(way, { S: value })["A"], value),
    ),
  )
})

test("a value of an environment is a text as it is written", () => {
  assert.deepEqual(read("\n  A: 007\n  B: 1e3\n  C: true\n  D: 0x1F\n  E: 2026-01-01\n  F: ''\n  G: 12345678901234567890\n"), {
    A: "007",
    B: "1e3",
    C: "true",
    D: "0x1F",
    E: "2026-01-01",
    F: "",
    G: "12345678901234567890",
  })
})

test("what stands there by an alias or a merge is filled and taken as it is written, like what stands there itself", () => {
  const anchored = "x-shared: &shared { TOKEN: ${T}, N: 007 }\nx-word: &word 1e5\n"
  const { environment } = loadConfig(`${anchored}${withEnvironment(" { <<: *shared, B: *word }\n")}`, "conveyor.yml", { T: "0x1F" })
  assert.deepEqual(revealed(environment), { TOKEN: "0x1F", N: "007", B: "1e5" })
})

test("what cannot be filled is told where it stands, wherever that is in a value", () => {
  const toldAt = (lines: string) => {
    try {
      return read(lines)
    } catch (thrown) {
      return (thrown as Error).message.split(" ").slice(0, 3).join(" ")
    }
  }
  assert.equal(toldAt("\n  URL: http://${NOPE}/\n"), "conveyor.yml:4:15: environment.URL: ${NOPE}")
  assert.equal(toldAt("\n  A: |\n    one\n    two ${NOPE}\n"), "conveyor.yml:6:9: environment.A: ${NOPE}")
})

test("a default stands in for a variable that is not set or empty; a doubled dollar sign is one, and braces behind it stay", () => {
  const text =
    "\n  A: ${A:-http://x:1/?a=b#c}\n  B: ${A:-}\n  C: a${A:-b}c${B}\n  D: pa$$word\n  E: $HOME\n  F: $${A}\n  I: ${A:-5$$}\n  G: '$$$${B}'\n  H: $$${B}\n"
  assert.deepEqual(read(text, { A: "", B: "v" }), {
    A: "http://x:1/?a=b#c",
    B: "",
    C: "abcv",
    D: "pa$word",
    E: "$HOME",
    F: "${A}",
    I: "5$",
    G: "$${B}",
    H: "$v",
  })
})

test("the build and the tests of a commit get what is named for them, and nothing of the copies'", () => {
  const text = `${withEnvironment("\n  DATABASE_URL: postgres://production/x\n")}build: npm ci\ntest: { run: npm test, environment: { DATABASE_URL: "postgres://test/x" } }\n`
  const { build, test: tests } = loadConfig(text, "conveyor.yml", {})
  assert.deepEqual(build, { run: "npm ci", environment: {}, secrets: {} })
  assert.equal(tests?.run, "npm test")
  assert.deepEqual(revealed(tests?.environment ?? {}), { DATABASE_URL: "postgres://test/x" })
})

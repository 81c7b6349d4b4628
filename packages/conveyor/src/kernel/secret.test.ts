// A secret is dots wherever it is not asked for by name.
import assert from "node:assert/strict"
import { test } from "node:test"
import { inspect } from "node:util"
import fc from "fast-check"
import { ConveyorError, TimedOutError, describe } from "./errors/errors.ts"
import { Secret, revealed } from "./secret.ts"

const planted = "planted-7f3a"
const secret = new Secret(planted)

const printed: Record<string, () => string> = {
  "a text made of it": () => String(secret),
  "a joined list": () => ["", secret].join(","),
  JSON: () => JSON.stringify({ secret, list: [secret] }),
  "what a console prints": () => inspect({ secret, deep: { deep: { secret } } }, { depth: 9, showHidden: true }),
  "its keys": () => JSON.stringify([Object.keys(secret), Object.values(secret), Object.getOwnPropertyNames(secret)]),
  "an error's facts": () => inspect(new ConveyorError("bad-state", `no: ${secret.toString()}`, { facts: { secret } }), { depth: 9 }),
  "what was last seen of a wait": () => new TimedOutError("it", 1, { secret }).message,
  "what was thrown": () => describe({ secret }),
  "a copy": () => JSON.stringify(Object.assign({}, secret)),
}

for (const [where, print] of Object.entries(printed)) {
  test(`a secret does not appear in ${where}`, () => assert.doesNotMatch(print(), /planted/))
}

test("a secret gives its value by its name alone, whatever it is", () => {
  fc.assert(fc.property(fc.string(), (value) => new Secret(value).reveal() === value))
  assert.deepEqual(revealed({ TOKEN: secret, LEVEL: "info" }), { TOKEN: planted, LEVEL: "info" })
})

import assert from "node:assert/strict"
import { test } from "node:test"
import { list } from "./listing.ts"

const order = {
  columns: [
    { name: "at", type: "timestamptz" },
    { name: "id", type: "uuid" },
  ],
  direction: "ASC",
} as const
const cursor = (values: readonly string[]) => Buffer.from(JSON.stringify(values)).toString("base64url")
/** The rows cannot be read, their number can. */
const failing = (code: string) => ({
  query: async (text: string) =>
    text.includes("count(*)") ? [{ total: "2" }] : Promise.reject(Object.assign(new Error("cannot be read"), { code })),
})
const ask = (after: string | undefined, code: string) =>
  list(failing(code), { from: "notes", columns: "id", conditions: [], order, query: { "page[after]": after } })

test("a cursor whose values are none of its columns is refused with its place; what fails otherwise stays a failure", async () => {
  for (const after of ["x", cursor(["1"]), cursor(["1", "2"])]) {
    await assert.rejects(ask(after, "22P02"), /page\[after\] is not a cursor of this list/)
  }
  await assert.rejects(ask(cursor(["1", "2"]), "40001"), { code: "40001" })
  await assert.rejects(ask(undefined, "22P02"), { code: "22P02" })
})

import assert from "node:assert/strict"
import { globSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "node:test"
import type { z } from "zod"
import { configSchema } from "./config.ts"
import { revealed } from "../kernel/secret.ts"
import { loadConfig } from "./load-config.ts"

const reference = await readFile(join(import.meta.dirname, "reference.yml"), "utf8")
const variables = { SHOP_1_URL: "postgres://127.0.0.1/shop" }

/** A commented key is one that starts a line after "# ", and its comments are one deeper. */
const uncommented = reference
  .split("\n")
  .map((line) => (/^\s*# ? *(# .*|[a-z_0-9-]+:.*)$/.test(line) && !/^# [A-Z]/.test(line) ? line.replace("# ", "") : line))
  .join("\n")

test("the annotated reference is a valid file as it stands", () => {
  assert.equal(loadConfig(reference, "reference.yml", variables).name, "shop")
})

test("what the reference shows as defaults are the defaults", () => {
  const shown = loadConfig(uncommented, "reference.yml", variables)
  const { fleet, edge, ...rest } = shown
  const { edge: standing, ...withoutEdge } = loadConfig(reference, "reference.yml", variables)
  assert.deepEqual(rest, withoutEdge)
  assert.deepEqual({ ...edge, timeouts: {}, limits: {} }, { ...standing, timeouts: {}, limits: {} })
  assert.deepEqual(revealed(fleet?.shards ?? {}), { "shop-1": variables.SHOP_1_URL })
})

test("the reference names every key that the schema knows", () => {
  const missing = keysOf(configSchema).filter((key) => !new RegExp(`^[# ]*${key}:`, "m").test(reference))
  assert.deepEqual(missing, [])
})

test("what a hint tells to write in conveyor.yml can be written there", async () => {
  const root = join(import.meta.dirname, "..")
  const files = globSync("**/*.ts", { cwd: root }).filter((file) => !file.endsWith(".test.ts"))
  const source = (await Promise.all(files.map((file) => readFile(join(root, file), "utf8")))).join("\n")
  const hints = source.split("\n").filter((line) => line.includes("hint: ") && line.includes("conveyor.yml"))
  assert.ok(hints.length >= 8, `${hints.length} hints`)
  const known = new Set(keysOf(configSchema))
  const told = hints.flatMap((hint) => [...hint.matchAll(/(?:`|\{ )([a-z_]+):/g)].map(([, key = ""]) => key))
  assert.deepEqual(
    told.filter((key) => !known.has(key)),
    [],
  )
  assert.doesNotMatch(hints.join("\n"), /change policy/)
})

/** Every key of every object in the schema, through defaults, options, records and pipes. */
function keysOf(schema: z.core.$ZodType): string[] {
  const { def } = schema._zod as unknown as { def: Record<string, unknown> & { shape?: Record<string, z.core.$ZodType> } }
  const inner = ["innerType", "valueType", "in"].flatMap((name) => (def[name] === undefined ? [] : keysOf(def[name] as z.core.$ZodType)))
  const own = Object.entries(def.shape ?? {}).flatMap(([key, value]) => [key, ...keysOf(value)])
  return [...own, ...inner]
}

// YAML that was checked against a schema, with every complaint placed: file, line, column, key, what was found and what would
// be right. Called by whoever reads a file that a person writes.
import type { z } from "zod"
import { YamlFile } from "./yaml-file.ts"
import type { YamlOptions } from "./yaml-file.ts"

/** Parses and checks; past this the types are true. @throws BadFileError */
export function parseCheckedYaml<T>(text: string, schema: z.ZodType<T>, options: YamlOptions): T {
  const file = new YamlFile(text, options)
  const checked = schema.safeParse(file.value, { error: file.words })
  if (checked.success) return checked.data
  // A number or a switch that came out of a variable is text: taken for what the key wants, and checked once more.
  if (!file.takeTextsFor(checked.error.issues)) throw file.bad(file.complaintsOf(checked.error.issues))
  const again = schema.safeParse(file.value, { error: file.words })
  if (again.success) return again.data
  throw file.bad(file.complaintsOf(again.error.issues))
}

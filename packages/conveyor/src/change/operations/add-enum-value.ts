// add_enum_value: one more value of an enum type. PostgreSQL cannot take a value away again, so undo leaves it, unused.
import { z } from "zod"
import { displayName, literal, sqlName } from "../files/names.ts"
import { tableField } from "./parts/fields.ts"
import { nothing } from "./operation.ts"
import type { Operation } from "./operation.ts"

const enumValueField = z.string("a value of the type, such as refunded").min(1, "a value cannot be empty")

export const schema = z
  .strictObject({ type: tableField, value: enumValueField, before: enumValueField.optional(), after: enumValueField.optional() })
  .refine(({ before, after }) => before === undefined || after === undefined, { message: "takes before or after, not both" })

export function make({ type, value, before, after }: z.infer<typeof schema>, id: string): Operation {
  const place = before === undefined ? (after === undefined ? "" : ` AFTER ${literal(after)}`) : ` BEFORE ${literal(before)}`
  return {
    ...nothing,
    kind: "add_enum_value",
    id,
    tables: [],
    describe: () => `add value ${value} to ${displayName(type)}; it stays after an undo`,
    proofs: () => [
      { key: "type", sql: `SELECT NULL::${sqlName(type)} LIMIT 0` },
      ...[before, after]
        .filter((neighbour) => neighbour !== undefined)
        .map((neighbour) => ({ key: "place", sql: `SELECT ${literal(neighbour)}::${sqlName(type)} LIMIT 0` })),
    ],
    expand: () => [
      { key: "value", how: "quick", lock: "none", sql: `ALTER TYPE ${sqlName(type)} ADD VALUE IF NOT EXISTS ${literal(value)}${place}` },
    ],
  }
}

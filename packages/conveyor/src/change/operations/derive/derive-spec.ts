// What a change file says under derive_columns, parsed. Read by the operation and its triggers.
import { z } from "zod"
import { identifierField, indexField, letsGoField, record, sqlField, tableField, typeField } from "../parts/fields.ts"

export const schema = z
  .strictObject({
    table: tableField,
    from: record(typeField, "old column"),
    to: record(
      z.strictObject({
        type: typeField,
        nullable: z.boolean().default(true),
        /** From contract on: before that a default would look like a value that new code has written. */
        default: sqlField.optional(),
      }),
      "new column",
    ),
    reads: record(typeField, "column").optional(),
    up: record(sqlField, "expression"),
    down: z.record(identifierField, sqlField).default({}),
    round_trip: z.enum(["exact", "lossy", "one_way"]).default("exact"),
    indexes: z.array(indexField).default([]),
    /** Works both sides out in UTC with ISO dates, whatever the client's session says: for expressions that depend on it. */
    session: z.literal("utc").optional(),
    lets_go: letsGoField,
  })
  .superRefine((spec, context) => {
    const complain = (path: (string | number)[], message: string) => context.addIssue({ code: "custom", path, message })
    for (const column of Object.keys(spec.to)) {
      if (!Object.hasOwn(spec.up, column))
        complain(["up"], `says nothing about "${column}": every new column needs an expression over the old ones`)
      if (Object.hasOwn(spec.from, column))
        complain(["to", column], `"${column}" is an old column too; a new column needs a name of its own`)
    }
    for (const column of Object.keys(spec.from)) {
      if (Object.hasOwn(spec.down, column) || spec.round_trip === "one_way") continue
      const wayOut =
        "give the expression that brings the old value back; where there is none, round_trip: one_way gives up what a rollback would keep"
      complain(["down"], `says nothing about "${column}": ${wayOut}`)
    }
    for (const column of Object.keys(spec.up))
      if (!Object.hasOwn(spec.to, column)) complain(["up", column], `"${column}" is not one of the new columns`)
    for (const column of Object.keys(spec.down))
      if (!Object.hasOwn(spec.from, column)) complain(["down", column], `"${column}" is not one of the old columns`)
    for (const side of ["from", "to", "reads"] as const) {
      for (const column of Object.keys(spec[side] ?? {})) {
        if (/^(new|old|found|tg_\w+)$/.test(column))
          complain([side, column], `"${column}" means something else inside a trigger; rename it with sql first`)
      }
    }
  })

export type DeriveSpec = z.infer<typeof schema>

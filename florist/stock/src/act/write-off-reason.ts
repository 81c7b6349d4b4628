// Reasons of write-offs: withered, broken, given away.
import { title } from "@florist/kit/input"
import { management } from "@florist/kit/role"
import { z } from "zod"
import { directoryOperations } from "../directory.ts"

export const writeOffReasonOperations = directoryOperations({
  type: "write-off-reasons",
  path: "/v1/write-off-reasons",
  table: "stock.write_off_reason",
  tag: "Stock",
  noun: "write-off reason",
  names: { one: "WriteOffReason", many: "WriteOffReasons" },
  writers: management,
  fields: { title: { column: "title", sql: "text", in: title(), out: z.string() } },
})

// Suppliers: from whom a shop buys.
import { text, title } from "@florist/kit/input"
import { management } from "@florist/kit/role"
import { z } from "zod"
import { directoryOperations } from "../directory.ts"

export const supplierOperations = directoryOperations({
  type: "suppliers",
  path: "/v1/suppliers",
  table: "stock.supplier",
  tag: "Purchases",
  noun: "supplier",
  names: { one: "Supplier", many: "Suppliers" },
  writers: management,
  fields: {
    title: { column: "title", sql: "text", in: title(), out: z.string() },
    phone: { column: "phone", sql: "text", in: text(40), out: z.string(), standard: "" },
    email: { column: "email", sql: "text", in: text(200), out: z.string(), standard: "" },
    notes: { column: "notes", sql: "text", in: text(4_000), out: z.string(), standard: "" },
    /** From the order to its arrival. */
    deliveryDays: { column: "delivery_days", sql: "integer", in: z.number().int().min(0).max(365), out: z.int(), standard: 1 },
  },
})

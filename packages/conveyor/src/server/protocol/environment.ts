// Variables of copies that are set by hand, as the API takes and tells them.
import { z } from "zod"
import { asking } from "./requests.ts"
import { line, list } from "./words.ts"

/** Names alone: what was set is told to nobody. */
export const environmentReport = z.object({ all: list(z.string()), services: z.record(z.string(), list(z.string())) })
export type EnvironmentReport = z.infer<typeof environmentReport>

/** Values are looked at where no complaint can repeat them. */
export const environmentChange = z.strictObject({
  ...asking,
  service: line("a service's name").optional(),
  set: z.record(z.string(), z.string("a text")).default({}),
  unset: list(z.string("a name")).default([]),
})

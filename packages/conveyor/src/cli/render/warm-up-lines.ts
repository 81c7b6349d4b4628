// What new copies answered before they got requests, one line for each that was asked something. Called by show.
import { z } from "zod"
import type { StepReport } from "../../server/protocol/runs.ts"
import { columns, dim, yellow } from "./paint.ts"

const warmedUp = z.array(
  z.object({
    copy: z.string(),
    asked: z.string(),
    times: z.number(),
    firstMs: z.number(),
    lastMs: z.number(),
    failed: z.number(),
    because: z.string().optional(),
  }),
)

export function* warmUpLines(steps: readonly StepReport[]): Generator<string> {
  const read = warmedUp.safeParse(steps.find(({ name }) => name === "verify")?.facts?.["warmedUp"])
  if (!read.success || read.data.length === 0) return
  yield dim("\n  warmed up")
  yield* columns(
    read.data.map(({ copy, asked, times, firstMs, lastMs, failed, because }) => [
      `    ${copy}`,
      `${asked}, ${times} times`,
      `${firstMs} ms at first, ${lastMs} ms at last`,
      failed === 0 ? "" : yellow(`${failed} failed: ${because ?? "why is not known"}`),
    ]),
  )
}

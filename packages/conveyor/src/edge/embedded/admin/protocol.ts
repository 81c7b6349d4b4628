// What the control plane and the embedded edge say to each other over the admin API, with a number for the way they say
// it. Either may be newer than the other: the edge outlives upgrades of the control plane. Spoken by the adapter,
// answered by the admin API.
import { z } from "zod"
import { ConveyorError } from "../../../kernel/errors/errors.ts"

/** Counted up with each change that an older side would misunderstand. 1 was before both sides said it. */
export const edgeProtocol = 3

/** In every question and every answer. */
export const protocolHeader = "x-conveyor-edge-protocol"

const count = z.number()

export const hello = z.object({ capabilities: z.array(z.enum(["rescue", "pages", "compare"])) })
export const tableAnswer = z.object({ table: z.unknown().optional() })
export const trafficAnswer = z.record(
  z.string(),
  z.object({
    inFlight: count,
    counters: z.object({
      requests: count,
      serverErrors: count,
      unreachable: count,
      rescued: count,
      /** An edge of before does not say it. */
      cut: count.default(0),
      latency: z.array(count),
      askedBy: z.array(count),
      failedBy: z.array(count),
    }),
  }),
)
export const pagesAnswer = z.record(z.string(), z.object({ open: count, told: count, reloaded: count }))
const tally = z.object({ requests: count, failed: count })
const cell = z.object({
  route: z.string(),
  client: count,
  pairs: count,
  onlyNewer: count,
  onlyOlder: count,
  both: count,
  newerSlower: count,
  olderSlower: count,
  newer: tally,
  older: tally,
})
export const comparisonAnswer = z.object({
  comparison: z.object({ newer: z.string(), older: z.string(), cells: z.array(cell), before: z.record(z.string(), tally) }).optional(),
})

const certificate = z.object({ hosts: z.array(z.string()), notAfter: count, source: z.string(), problem: z.string().exactOptional() })
export const certificatesAnswer = z.object({ certificates: z.array(certificate) })

export const refusal = z.object({
  code: z.string(),
  message: z.string(),
  facts: z.record(z.string(), z.unknown()).default({}),
  hint: z.string().exactOptional(),
})

/** `said` is what the other side's header says. @throws ConveyorError "edge-protocol" that names both numbers. */
export function assertSameProtocol(said: string | undefined, other: "edge" | "control plane"): void {
  const theirs = said === undefined ? 1 : Number(said)
  if (theirs === edgeProtocol) return
  const [edge, plane] = other === "edge" ? [theirs, edgeProtocol] : [edgeProtocol, theirs]
  throw new ConveyorError("edge-protocol", `the edge speaks protocol ${edge}, the control plane ${plane}`, {
    facts: { edge, controlPlane: plane },
    hint:
      edge < plane
        ? "The edge is of an earlier Conveyor: SIGUSR2 to its guard (its pid is in edge/edge.json) renews it without losing a request; one without a guard is ended by SIGTERM, and started anew."
        : "The control plane is of an earlier Conveyor than the edge: conveyor up --restart with the newer one.",
  })
}

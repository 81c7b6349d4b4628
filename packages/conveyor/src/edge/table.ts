// What a routing table must be, and when an edge may take one into use. Called by every adapter of the port.
import { isDeepStrictEqual } from "node:util"
import { z } from "zod"
import { ConveyorError } from "../kernel/errors/errors.ts"
import type { RoutingTable } from "./edge.ts"

// A version's name travels in a header, a cookie and a query parameter: only characters that are themselves in all three.
const versionName = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "a version's name has 1 to 64 letters, digits, dots, dashes and underscores")

const prefix = z
  .string()
  .regex(/^(\/(\*|[^*/]*))+$/, 'a route starts with "/", and a "*" in it is a whole segment')
  .regex(/^\/$|[^/]$/, 'a route does not end with "/"')

const host = z.string().regex(/^(\*\.)?[^*\s/:A-Z]+$/, 'a host is a name in small letters, and "*." may stand before it')

const target = z.strictObject({
  copy: z.string().min(1),
  host: z.string().min(1),
  port: z.int().min(1).max(65_535),
})

const routedVersion = z.strictObject({
  release: z.string(),
  targets: z.record(z.string().min(1), z.array(target).readonly()).readonly(),
  notice: z.strictObject({ announcedAt: z.number(), reloadBy: z.number() }).exactOptional(),
})

const routingTable = z
  .strictObject({
    /** A table that was kept on disk before there were epochs is of none. */
    epoch: z.int().min(0).default(0),
    generation: z.int().min(0),
    current: versionName,
    routes: z.array(z.strictObject({ host: host.exactOptional(), prefix, service: z.string().min(1) })).readonly(),
    versions: z.record(versionName, routedVersion).readonly(),
    rescue: z.strictObject({ from: versionName, to: versionName }).exactOptional(),
    compare: z.strictObject({ newer: versionName, older: versionName }).exactOptional(),
  })
  .superRefine((table, context) => {
    const named = {
      current: table.current,
      "rescue.from": table.rescue?.from,
      "rescue.to": table.rescue?.to,
      "compare.newer": table.compare?.newer,
      "compare.older": table.compare?.older,
    }
    for (const [where, version] of Object.entries(named)) {
      if (version === undefined || Object.hasOwn(table.versions, version)) continue
      context.addIssue({ code: "custom", path: where.split("."), message: `${version} is not among the versions of the table` })
    }
  })

/** @throws ConveyorError "bad-routing-table" that names each place that is wrong. */
export function parseRoutingTable(input: unknown): RoutingTable {
  const parsed = routingTable.safeParse(input)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "table"}: ${issue.message}`)
  throw new ConveyorError("bad-routing-table", `The routing table is not usable: ${problems.join("; ")}`, {
    facts: { problems },
    hint: "Build the table from the release's observation again; an edge takes only a whole and consistent table.",
  })
}

/** By epoch first: the tables of a control plane that was superseded are older, however many it made. */
export function isNewer(offered: RoutingTable, inUse: RoutingTable): boolean {
  return offered.epoch === inUse.epoch ? offered.generation > inUse.generation : offered.epoch > inUse.epoch
}

/**
 * Whether `offered` is to be taken into use, or is in use already.
 * @throws ConveyorError "stale-epoch" where a control plane with a higher fence has made the one in use; "stale-generation"
 * where the edge has gone past it, or has another table of the same number.
 */
export function admit(inUse: RoutingTable | undefined, offered: RoutingTable): "new" | "in-use" {
  if (inUse === undefined || isNewer(offered, inUse)) return "new"
  if (isDeepStrictEqual(inUse, offered)) return "in-use"
  const facts = { inUse: numbered(inUse), offered: numbered(offered) }
  if (offered.epoch < inUse.epoch) {
    throw new ConveyorError(
      "stale-epoch",
      `The edge takes its tables from the control plane of epoch ${inUse.epoch}; this one is of epoch ${offered.epoch}`,
      { facts, hint: "Another control plane has taken over: end this one." },
    )
  }
  const conflict = offered.generation === inUse.generation
  throw new ConveyorError(
    "stale-generation",
    conflict
      ? `The edge has a different routing table of generation ${offered.generation} in use`
      : `The edge is at generation ${inUse.generation}; generation ${offered.generation} is older`,
    { facts, hint: "Observe the edge, and offer a table numbered above the one in use." },
  )
}

const numbered = ({ epoch, generation }: RoutingTable) => ({ epoch, generation })

// The services of the platform with what each offers, as far as they are there. Called by `coverage`.
import { openFleet } from "@florist/kit/fleet"
import { Peers } from "@florist/kit/peers"
import { Tokens } from "@florist/kit/session"
import type { Surroundings } from "@florist/kit/app"
import { existsSync } from "node:fs"
import { z } from "zod"
import { offeredBy } from "./offered.ts"
import type { Offered, OfferedOperation } from "./offered.ts"

export const serviceNames = ["staff", "catalog", "stock", "orders", "payments", "loyalty", "reports", "gateway"] as const

export type FoundService = { name: string } & ({ offered: readonly Offered[] } | { problem: string })

/** The folder of all services: "florist/". */
const services = new URL("../../", import.meta.url)

const shape = z.array(
  z.looseObject({
    method: z.string(),
    path: z.string(),
    access: z.unknown(),
    answers: z.record(z.string(), z.unknown()),
    refuses: z.array(z.number()),
  }),
)

/** @param folder where the services' folders are. Never throws: a service that is not there, or cannot be read, says why. */
export async function findService(name: string, folder: URL = services): Promise<FoundService> {
  const file = new URL(`${name}/src/service.ts`, folder)
  if (!existsSync(file)) return { name, problem: "not there yet" }
  try {
    const operations = await operationsIn(await import(file.href), name)
    if (operations === undefined) return { name, problem: "exports no service with operations" }
    return { name, offered: operations.filter(({ access }) => access !== "peer").map(offeredBy) }
  } catch (error) {
    return { name, problem: `cannot be read: ${firstLine(error)}` }
  }
}

async function operationsIn(module: unknown, name: string): Promise<readonly OfferedOperation[] | undefined> {
  for (const value of exportedServices(module)) {
    if (typeof value !== "object" || value === null || !("operations" in value)) continue
    const list: unknown = isMaker(value.operations) ? await withNobody(name, value.operations) : value.operations
    // Checked as far as a shape can be; that query, body and answers are zod shapes, the kit's own makers of operations see to.
    if (shape.safeParse(list).success) return list as readonly OfferedOperation[]
  }
  return undefined
}

/** Some services are made from the environment, by a function named after them: `gatewayFrom`. */
function exportedServices(module: unknown): unknown[] {
  const exported: [string, unknown][] = typeof module === "object" && module !== null ? Object.entries(module) : []
  return exported.map(([name, value]) => (name.endsWith("From") && isMaker(value) ? value({}) : value))
}

type Maker = (from: object) => unknown

const isMaker = (value: unknown): value is Maker => typeof value === "function"

/** Operations are made where nothing is asked of them: their databases and peers are never reached. */
async function withNobody(name: string, make: Maker): Promise<unknown> {
  const clock = () => new Date()
  const secret = "described, never served"
  const tokens = new Tokens(secret)
  const identity = { build: null, release: null, version: null, copy: null }
  const fleet = openFleet({ service: name, directoryUrl: "postgres://nobody@127.0.0.1:1/nothing", poolSize: 1 })
  try {
    const peers = new Peers({ service: name, urlOf: () => undefined, tokens, clock, version: null })
    const surroundings: Surroundings = { fleet, identity, tokens, peers, secret, bankUrl: undefined, clock }
    return make(surroundings)
  } finally {
    await fleet.close()
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error)
  return text.split("\n")[0] ?? ""
}

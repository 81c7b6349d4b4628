// GET /api/v1/openapi.json: the whole API, put together from what each service says of itself. A service that is down is described as it was last.
import type { Surroundings } from "@florist/kit/app"
import { openApiDocument } from "@florist/kit/openapi"
import type { OpenApiPart } from "@florist/kit/openapi"
import type { FastifyInstance } from "fastify"
import { z } from "zod"
import { routes } from "./routes.ts"

const part = z.object({ paths: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown()))) })
const freshForMs = 60_000

export function addDescription(app: FastifyInstance, { peers, identity, clock }: Surroundings): void {
  const known = new Map<string, { part: OpenApiPart; at: number }>()

  const partOf = async (service: string): Promise<OpenApiPart | undefined> => {
    const last = known.get(service)
    if (last !== undefined && clock().getTime() - last.at < freshForMs) return last.part
    try {
      const told = await peers.describe(service, part)
      known.set(service, { part: told, at: clock().getTime() })
      return told
    } catch {
      return last?.part
    }
  }

  app.get("/api/v1/openapi.json", async () => {
    const services = Object.keys(routes)
    const parts = await Promise.all(services.map(partOf))
    const missing = services.filter((_, index) => parts[index] === undefined)
    const document = openApiDocument(
      parts.filter((each) => each !== undefined),
      identity.version ?? "0.1.0",
    )
    return missing.length === 0 ? document : { ...document, "x-not-described-now": missing }
  })
}

// The platform's own OpenAPI document, made from the operations themselves. Each service gives its part; the gateway puts them together.
import { z } from "zod"
import { errorsOut } from "./document.ts"
import type { Operation } from "./operation.ts"

export interface OpenApiPart {
  paths: Record<string, Record<string, object>>
}

const jsonApi = "application/vnd.api+json"

export function describeOperations(operations: readonly Operation[]): OpenApiPart {
  const paths: OpenApiPart["paths"] = {}
  for (const operation of operations) {
    if (operation.access === "peer") continue
    const path = (paths[operation.path] ??= {})
    path[operation.method.toLowerCase()] = describeOperation(operation)
  }
  return { paths }
}

export function openApiDocument(parts: readonly OpenApiPart[], version: string): object {
  return {
    openapi: "3.1.0",
    info: {
      title: "Florist",
      version,
      description: "The trade platform for flower shops. JSON:API documents; amounts in roubles, quantities in units.",
    },
    servers: [{ url: "/api" }],
    security: [{ session: [] }],
    paths: Object.assign({}, ...parts.map(({ paths }) => paths)) as object,
    components: { securitySchemes: { session: { type: "http", scheme: "bearer", bearerFormat: "JWT" } } },
  }
}

function describeOperation({ id, tag, summary, access, params, query, body, answers, refuses, work }: Operation): object {
  const header = work === "write" || work === "flow" ? [idempotencyKey] : []
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(access === "public" ? { security: [] } : {}),
    parameters: [...parametersOf(params, "path"), ...parametersOf(query, "query"), ...header],
    ...(body === undefined ? {} : { requestBody: { required: true, content: { [jsonApi]: { schema: schemaOf(body, "input") } } } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [
          status,
          { description: "Success", ...(answer === null ? {} : { content: { [jsonApi]: { schema: schemaOf(answer, "output") } } }) },
        ]),
      ),
      ...Object.fromEntries(
        refuses.map((status) => [
          String(status),
          { description: "Refused", content: { [jsonApi]: { schema: schemaOf(errorsOut, "output") } } },
        ]),
      ),
    },
  }
}

const idempotencyKey = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "The same key with the same request gives the first answer again, without a second effect; with another request it is refused (422).",
  schema: { type: "string", maxLength: 200 },
}

function parametersOf(schema: z.ZodType | undefined, place: "path" | "query"): object[] {
  if (!(schema instanceof z.ZodObject)) return []
  return Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, field]) => ({
    name,
    in: place,
    required: place === "path" || !field.safeParse(undefined).success,
    schema: schemaOf(field, "input"),
  }))
}

/** Values that only code can check (exact decimals, say) are described by what is accepted on the wire. */
export function schemaOf(schema: z.ZodType, io: "input" | "output"): object {
  return z.toJSONSchema(schema, { io, unrepresentable: "any", target: "draft-2020-12" })
}

// Forms with files (multipart/form-data), as a body whose members are the form's parts. Added to the app by the service.
import multipart from "@fastify/multipart"
import { Refusal } from "@florist/kit/refusal"
import type { FastifyInstance, FastifyRequest } from "fastify"

export async function acceptForms(app: FastifyInstance, mostBytes: number): Promise<void> {
  await app.register(multipart, { limits: { fileSize: mostBytes, fieldSize: mostBytes, files: 1, fields: 10, parts: 11 } })
  app.addHook("preValidation", async (request) => {
    if (request.isMultipart()) request.body = await readForm(request)
  })
}

/** @throws Refusal 400 for what is no form, 413 for what is too large. */
async function readForm(request: FastifyRequest): Promise<Record<string, unknown>> {
  const body: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  try {
    for await (const part of request.parts()) body[part.fieldname] = part.type === "file" ? await part.toBuffer() : part.value
    return body
  } catch (cause) {
    if (cause instanceof Error && "statusCode" in cause) throw cause
    const detail = `The form cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new Refusal([{ status: 400, code: "malformed", title: "Malformed form", detail, source: { pointer: "" } }], { cause })
  }
}

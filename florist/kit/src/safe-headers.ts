// What every answer tells a browser: take it for what it says it is, frame it nowhere, tell nobody where you came from, run nothing of it. Pages allow themselves more.
// Called by the app.
import type { FastifyInstance } from "fastify"

const headers = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
}

export function addSafeHeaders(http: FastifyInstance): void {
  http.addHook("onRequest", async (_request, reply) => void reply.headers(headers))
}

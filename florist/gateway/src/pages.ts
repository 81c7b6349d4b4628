// The register's page and its files.
import { fileURLToPath } from "node:url"
import fastifyStatic from "@fastify/static"
import type { FastifyInstance } from "fastify"

const web = fileURLToPath(new URL("../../web", import.meta.url))

/** Scripts, styles and questions of this address alone; a code's picture comes with its answer. */
const policy = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ")

/** Asked again each time, and answered 304: a page of a new version must not run with an old version's files. */
export async function addPages(app: FastifyInstance): Promise<void> {
  await app.register(fastifyStatic, {
    root: web,
    cacheControl: false,
    setHeaders: (reply) => void reply.headers({ "cache-control": "no-cache", "content-security-policy": policy }),
  })
}

// The register's page and its files.
import { fileURLToPath } from "node:url"
import fastifyStatic from "@fastify/static"
import type { FastifyInstance } from "fastify"

const web = fileURLToPath(new URL("../../web", import.meta.url))

/** Asked again each time, and answered 304: a page of a new version must not run with an old version's files. */
export async function addPages(app: FastifyInstance): Promise<void> {
  await app.register(fastifyStatic, {
    root: web,
    cacheControl: false,
    setHeaders: (reply) => void reply.header("cache-control", "no-cache"),
  })
}

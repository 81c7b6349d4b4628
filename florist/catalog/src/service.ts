// The catalog service: what a shop sells, and the web page of the cash register.
import { fileURLToPath } from "node:url"
import type { Service } from "@florist/kit/app"
import fastifyStatic from "@fastify/static"
import { addItems, itemColumns, itemFacts } from "./item-routes.ts"

const web = fileURLToPath(new URL("../../web", import.meta.url))

export const catalog: Service = {
  name: "catalog",
  reliesOn: { "catalog.item": itemColumns },
  clientFacts: (shop) => itemFacts(shop.database, shop.id),
  async routes(app, { fleet }) {
    addItems(app, fleet)
    // Asked again each time, and answered 304: a page of a new version must not run with an old version's files.
    await app.register(fastifyStatic, {
      root: web,
      cacheControl: false,
      setHeaders: (reply) => void reply.header("cache-control", "no-cache"),
    })
  },
}

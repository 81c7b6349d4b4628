// The life of a service's process: listens, and at SIGTERM finishes what is under way and ends. Called by each main.ts.
import type { FastifyInstance } from "fastify"
import { createApp } from "./app.ts"
import type { Service } from "./app.ts"
import { readConfig } from "./config.ts"
import { openFleet } from "./fleet.ts"
import type { Fleet } from "./fleet.ts"

/** Requests that are still under way then are cut, so that the process ends before it is killed. */
const finishWithinMs = 8_000

export async function serve(service: Service): Promise<void> {
  const config = readConfig(process.env)
  const fleet = openFleet(config)
  const app = await createApp(service, fleet, config)
  const stop = () => void shutDown(app, fleet)
  process.once("SIGTERM", stop)
  process.once("SIGINT", stop)
  // A copy starts also where a database is down; its status tells.
  await fleet.warmUp().catch((cause: unknown) => app.log.warn({ cause }, "not every database can be reached yet"))
  const address = await app.listen({ host: config.host, port: config.port })
  app.log.info({ address }, "listening")
}

async function shutDown(app: FastifyInstance, fleet: Fleet): Promise<void> {
  const cut = setTimeout(() => {
    app.log.warn(`requests were still under way after ${finishWithinMs} ms and were cut`)
    app.server.closeAllConnections()
  }, finishWithinMs)
  await app.close()
  clearTimeout(cut)
  await fleet.close()
  app.log.info("stopped")
}

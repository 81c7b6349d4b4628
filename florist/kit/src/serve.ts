// The life of a service's process: listens, follows other services' events, and at SIGTERM finishes what is under way and ends.
// Called by each main.ts, and in parts by tests that run services in their own process.
import type { App, Service } from "./app.ts"
import { createApp } from "./app.ts"
import type { AppOptions } from "./app.ts"
import { readConfig } from "./config.ts"
import type { Config } from "./config.ts"
import { openFleet } from "./fleet.ts"
import type { Fleet } from "./fleet.ts"
import { prune } from "./prune.ts"
import { relay } from "./relay.ts"
import type { RelayOptions } from "./relay.ts"
import { setTimeout as sleep } from "node:timers/promises"

/** Requests that are still under way then are cut, so that the process ends before it is killed. */
const finishWithinMs = 8_000

export interface Running {
  app: App
  /** "http://127.0.0.1:41234" */
  address: string
  stop(): Promise<void>
}

export async function serve(service: Service): Promise<void> {
  const running = await run(service, readConfig(process.env))
  const stop = () => void running.stop()
  process.once("SIGTERM", stop)
  process.once("SIGINT", stop)
  // Whoever read our log has gone; the service has not.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})
}

export async function run(service: Service, config: Config & Pick<AppOptions, "clock">): Promise<Running> {
  const fleet = openFleet({ service: service.name, directoryUrl: config.directoryUrl, poolSize: config.poolSize })
  const app = await createApp(service, fleet, config)
  const { http } = app
  // A copy starts also where a database is down; its status tells.
  await fleet.warmUp().catch((cause: unknown) => http.log.warn({ err: cause }, "not every database can be reached yet"))
  const address = await http.listen({ host: config.host, port: config.port })
  const following = follow(service, app, fleet)
  http.log.info({ address }, "listening")
  const end = async () => {
    const cut = setTimeout(() => {
      http.log.warn(`requests were still under way after ${finishWithinMs} ms and were cut`)
      http.server.closeAllConnections()
    }, finishWithinMs)
    await http.close()
    clearTimeout(cut)
    await following
    await fleet.close()
    http.log.info("stopped")
  }
  let ending: Promise<void> | undefined
  // A Ctrl-C reaches the whole group, and whoever started this copy then ends it too: it ends once.
  return { app, address, stop: () => (ending ??= end()) }
}

/** Everything that the service does without being asked, until the app closes. */
async function follow(service: Service, { surroundings, closing, http }: App, fleet: Fleet): Promise<void> {
  const consumptions = service.consumes?.(surroundings) ?? []
  const work = [prune({ service: service.name, fleet, log: http.log }, closing)]
  if (service.background !== undefined) work.push(service.background(surroundings, closing))
  if (consumptions.length > 0) work.push(relayFromAll({ service: service.name, consumptions, log: http.log }, fleet, closing))
  await Promise.allSettled(work)
}

const looksForShardsEveryMs = 60_000
const asksAgainAfterMs = 1_000

/** From every shard, and from those that are added meanwhile. */
async function relayFromAll(options: Omit<RelayOptions, "shard">, fleet: Fleet, signal: AbortSignal): Promise<void> {
  const relays = new Map<RelayOptions["shard"], Promise<void>>()
  while (!signal.aborted) {
    const shards = await fleet.shards().catch(() => undefined)
    for (const shard of shards ?? []) if (!relays.has(shard)) relays.set(shard, relay({ ...options, shard }, signal))
    await sleep(shards === undefined ? asksAgainAfterMs : looksForShardsEveryMs, undefined, { signal }).catch(() => {})
  }
  await Promise.allSettled(relays.values())
}

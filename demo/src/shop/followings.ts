// Which service follows whose events, as the services themselves say. Called by whoever waits for them.
import type { Service, Surroundings } from "../../../florist/kit/src/app.ts"
import { openFleet } from "../../../florist/kit/src/fleet.ts"
import { Peers } from "../../../florist/kit/src/peers.ts"
import { Tokens } from "../../../florist/kit/src/session.ts"
import { serviceNames } from "./services.ts"

export interface Following {
  service: string
  from: string
}

let known: Promise<Following[]> | undefined

export function followings(): Promise<Following[]> {
  known ??= findAll()
  return known
}

async function findAll(): Promise<Following[]> {
  const surroundings = nobodys()
  const found = await Promise.all(serviceNames.map(serviceNamed))
  return found.flatMap((service) => (service.consumes?.(surroundings) ?? []).map(({ from }) => ({ service: service.name, from })))
}

async function serviceNamed(name: string): Promise<Service> {
  const module: unknown = await import(`../../../florist/${name}/src/service.ts`)
  const exported: unknown[] = typeof module === "object" && module !== null ? Object.entries(module).map(made) : []
  const service = exported.find(
    (value): value is Service => typeof value === "object" && value !== null && "name" in value && value.name === name,
  )
  if (service === undefined) throw new Error(`florist/${name} exports no service`)
  return service
}

/** Some services are made from the environment, by a function that is named after them. */
function made([name, value]: [string, unknown]): unknown {
  return name.endsWith("From") && typeof value === "function" ? (value as (environment: object) => unknown)({}) : value
}

/** Enough to be asked what one follows; nothing of it is ever reached. */
function nobodys(): Surroundings {
  const secret = "asked, never served; forty characters long"
  const tokens = new Tokens(secret)
  const clock = () => new Date()
  return {
    fleet: openFleet({ service: "staff", directoryUrl: "postgres://nobody@127.0.0.1:1/nothing", poolSize: 1 }),
    identity: { build: null, release: null, version: null, copy: null },
    tokens,
    peers: new Peers({ service: "nobody", urlOf: () => undefined, tokens, clock, version: null }),
    secret,
    bankUrl: undefined,
    clock,
  }
}

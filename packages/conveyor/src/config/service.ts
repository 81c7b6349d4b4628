// One entry of `services:` in conveyor.yml: a process that answers requests, or a worker that answers none. Called by config.ts.
import { z } from "zod"
import { inPlaceOf } from "../kernel/yaml/wording.ts"
import { environment } from "./environment.ts"
import { secrets } from "./secrets.ts"
import { health } from "./health.ts"
import { command, oneOf, path, pathWithQuery, route, wholeNumber } from "./words.ts"

/** How a copy is told whether its version is current, besides the file that $CONVEYOR_STANDING names. */
const standing = z
  .strictObject(
    { signal: oneOf("SIGUSR1", "SIGUSR2", "SIGHUP").optional(), path: path.optional() },
    inPlaceOf("how a copy is told, such as { signal: SIGUSR2 } or { path: /standing }"),
  )
  .refine(({ signal, path: told }) => (signal === undefined) !== (told === undefined), "exactly one of `signal` and `path`")

export const service = z.strictObject(
  {
    start: command,
    routes: z
      .array(route, "the paths that the service answers, such as [/]")
      .min(1, "at least one path that the service answers, such as [/]; one that answers none has no `routes`")
      .default([]),
    copies: wholeNumber(1, 100).default(1),
    health: health.optional(),
    when_not_current: oneOf("stop", "keep").optional(),
    standing: standing.optional(),
    warm_up: z.array(pathWithQuery).max(20, "at most 20 paths").default([]),
    environment: environment.default({}),
    secrets: secrets.default({}),
  },
  inPlaceOf("keys with values, such as { start: node server.js, routes: [/] }"),
)

export type Service = z.infer<typeof service>
type Services = Readonly<Record<string, Service>>

/** "server": it answers requests. "worker": it does not, and its work is its own. */
export const roleOf = ({ routes }: Pick<Service, "routes">): "server" | "worker" => (routes.length === 0 ? "worker" : "server")

interface Objection {
  path: (string | number)[]
  message: string
}

type Commands = Readonly<Record<string, { service?: string | undefined }>>

interface Around {
  services: Services
  release: { start_within: number; commands: Commands }
  jobs: Commands
}

/** What makes services wrong beside each other, or beside what names them. */
export function objectionsToServices({ services, release, jobs }: Around): Objection[] {
  const own = [...routesTwice(services), ...neverWellInTime(services, release.start_within), ...neededByOldPages(services)]
  const inServices = own.map((each) => ({ ...each, path: ["services", ...each.path] }))
  return [...inServices, ...noSuchService(services, release.commands, ["release", "commands"]), ...noSuchService(services, jobs, ["jobs"])]
}

function noSuchService(services: Services, commands: Commands, path: string[]): Objection[] {
  const message = `a service of this file: ${Object.keys(services).join(", ")}`
  return Object.entries(commands).flatMap(([name, { service: named }]) =>
    named === undefined || named in services ? [] : [{ path: [...path, name, "service"], message }],
  )
}

/** Whoever has to stay up longer than it may take to start is well too late. */
function neverWellInTime(services: Services, startWithinMs: number): Objection[] {
  return Object.entries(services).flatMap(([service, { health: own }]) =>
    own?.kind === "stays-up" && own.forMs >= startWithinMs
      ? [{ path: [service, "health", "stays_up"], message: "a time that is shorter than `release.start_within`" }]
      : [],
  )
}

/** Open pages of an old version are answered by it: only what answers nobody can be stopped at once. */
function neededByOldPages(services: Services): Objection[] {
  return Object.entries(services).flatMap(([service, { routes, when_not_current }]) =>
    routes.length > 0 && when_not_current !== undefined
      ? [
          {
            path: [service, "when_not_current"],
            message: "this on a service without `routes` alone: open pages of an old version are answered by the old version",
          },
        ]
      : [],
  )
}

/** A path is one service's: of two that claim it, which one answered would be chance. */
function routesTwice(services: Services): Objection[] {
  const owners = new Map<string, string>()
  return Object.entries(services).flatMap(([service, { routes }]) =>
    routes.flatMap((route, i) => {
      const owner = owners.get(route)
      if (owner === undefined) {
        owners.set(route, service)
        return []
      }
      return [{ path: [service, "routes", i], message: `a path that no other service has; this is a route of ${owner} already` }]
    }),
  )
}

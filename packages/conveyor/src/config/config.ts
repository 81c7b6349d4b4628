// conveyor.yml as the program sees it: complete, in milliseconds and bytes. What the change engine and the edge choose by
// themselves is left to them. Made by load-config.ts; read by everything above the middle layers.
import { z } from "zod"
import { inPlaceOf } from "../kernel/yaml/wording.ts"
import { control } from "./control-policy.ts"
import { edge } from "./edge-policy.ts"
import { environment } from "./environment.ts"
import { fleet } from "./fleet-policy.ts"
import { fleetsOf, objectionsToFleets } from "./fleets.ts"
import { commandOfCommit, releasePolicy, timeouts } from "./release-policy.ts"
import { command, name, path, route, text, wholeNumber } from "./words.ts"

const service = z.strictObject(
  {
    start: command,
    routes: z
      .array(route, "the paths that the service answers, such as [/]")
      .min(1, "at least one path that the service answers, such as [/]"),
    copies: wholeNumber(1, 100).default(1),
    environment: environment.default({}),
  },
  inPlaceOf("keys with values, such as { start: node server.js, routes: [/] }"),
)

export interface FleetConfig extends z.infer<typeof fleet> {
  changes: string
}

const status = z.strictObject({ path: path.default("/api/v1/status"), client: text("a text").default("conveyor") })

const keys = z.strictObject(
  {
    name,
    build: commandOfCommit.optional(),
    test: commandOfCommit.optional(),
    services: z.record(name, service).refine((all) => Object.keys(all).length > 0, "at least one service"),
    environment: environment.default({}),
    status: status.prefault({}),
    fleet: fleet.extend({ changes: fleet.shape.changes.default("changes") }).optional(),
    fleets: z
      .record(name, fleet)
      .refine((all) => Object.keys(all).length > 0, "at least one fleet")
      .optional(),
    edge: edge.prefault({}),
    control: control.prefault({}),
    release: releasePolicy.prefault({}),
    timeouts: timeouts.prefault({}),
  },
  inPlaceOf("the keys of conveyor.yml with their values; `name` and `services` at the least"),
)

export const configSchema = keys.superRefine((config, context) => {
  if (config.fleet !== undefined && config.fleets !== undefined) {
    context.addIssue({ code: "custom", path: ["fleets"], message: "either `fleet` or `fleets`: `fleet` is short for one" })
  }
  const objections = objectionsToFleets(fleetsOf(config)).map((each) => ({ ...each, path: ["fleets", ...each.path] }))
  for (const { path, message } of [...objections, ...routesTwice(config.services)]) context.addIssue({ code: "custom", path, message })
})

export type Config = z.infer<typeof keys>

/** A path is one service's: of two that claim it, which one answered would be chance. */
function routesTwice(services: Config["services"]): { path: (string | number)[]; message: string }[] {
  const owners = new Map<string, string>()
  return Object.entries(services).flatMap(([service, { routes }]) =>
    routes.flatMap((route, i) => {
      const owner = owners.get(route)
      if (owner === undefined) {
        owners.set(route, service)
        return []
      }
      return [
        { path: ["services", service, "routes", i], message: `a path that no other service has; this is a route of ${owner} already` },
      ]
    }),
  )
}

// conveyor.yml as the program sees it: complete, in milliseconds and bytes. What the change engine and the edge choose by
// themselves is left to them. Made by load-config.ts; read by everything above the middle layers.
import { z } from "zod"
import type { HealthCheck } from "../kernel/health-check.ts"
import { inPlaceOf } from "../kernel/yaml/wording.ts"
import { control } from "./control-policy.ts"
import { edge } from "./edge-policy.ts"
import { environment, isReserved } from "./environment.ts"
import { fleet } from "./fleet-policy.ts"
import { fleetsOf, objectionsToFleets } from "./fleets.ts"
import { staysUp, statusCheck } from "./health.ts"
import { jobs } from "./jobs.ts"
import { objectionsToSecrets, secrets } from "./secrets.ts"
import { objectionsToServices, roleOf, service } from "./service.ts"
import { objectionsToWatch, watch } from "./watching/watch.ts"
import { commandOfCommit, releasePolicy, timeouts } from "./release-policy.ts"
import { name, path, text } from "./words.ts"

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
    jobs: jobs.default({}),
    environment: environment.default({}),
    secrets: secrets.default({}),
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
    watch: watch.prefault({}),
  },
  inPlaceOf("the keys of conveyor.yml with their values; `name` and `services` at the least"),
)

export const configSchema = keys.superRefine((config, context) => {
  if (config.fleet !== undefined && config.fleets !== undefined) {
    context.addIssue({ code: "custom", path: ["fleets"], message: "either `fleet` or `fleets`: `fleet` is short for one" })
  }
  const objections = objectionsToFleets(fleetsOf(config)).map((each) => ({ ...each, path: ["fleets", ...each.path] }))
  const others = [...objectionsToServices(config), ...objectionsToWatch(config.watch), ...secretsTwice(config)]
  for (const { path, message } of [...objections, ...others]) context.addIssue({ code: "custom", path, message })
})

/** Everywhere where a command or a copy can be told something. */
function secretsTwice(config: z.infer<typeof keys>): { path: string[]; message: string }[] {
  const { build, test, services } = config
  const groups = [
    { path: [], of: config },
    ...Object.entries(services).map(([of, written]) => ({ path: ["services", of], of: written })),
    ...(build === undefined ? [] : [{ path: ["build"], of: build }]),
    ...(test === undefined ? [] : [{ path: ["test"], of: test }]),
  ]
  return objectionsToSecrets(groups, isReserved)
}

export type Config = z.infer<typeof keys>

/** How the copies of a service are asked how they are. */
export function healthOf({ services, status }: Pick<Config, "services" | "status">, service: string): HealthCheck {
  const asked = services[service]
  const own = asked?.health
  if (own === undefined) return asked !== undefined && roleOf(asked) === "worker" ? staysUp : statusCheck(status)
  return own.kind === "http" ? { ...own, client: status.client } : own
}

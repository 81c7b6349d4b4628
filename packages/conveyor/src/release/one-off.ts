// One command in a process of its own, with the artifact and the environment of a service at a version: asked for by a person, by
// a release, or by a schedule. Which version and service are meant is found here.
import { ConveyorError } from "../kernel/errors/errors.ts"
import type { Config } from "../config/config.ts"
import type { ServiceSpec } from "../runtime/runtime.ts"
import type { VersionRecord } from "../store/records.ts"
import { specsOf } from "./copies/copies.ts"
import type { Ports } from "./ports.ts"

export interface Where {
  /** "v42"; without it the current version. */
  version?: string | undefined
  /** Without it the only one, or the first where the environment is not asked about. */
  service?: string | undefined
}

/** @throws ConveyorError "nothing-released", "no-such-version", "not-built", "no-such-service" */
export async function serviceAt(ports: Ports, { version: name, service }: Where, signal: AbortSignal): Promise<ServiceSpec> {
  const version = await ports.versions.find(name ?? (await currentOf(ports, signal)))
  if (version === undefined) {
    throw new ConveyorError("no-such-version", `there is no version ${name}`, {
      facts: { version: name },
      hint: "conveyor status lists the versions.",
    })
  }
  return specOf(ports, version, await ports.readConfig(version.commit), service)
}

/** @throws ConveyorError "not-built", "no-such-service" */
export async function specOf(
  ports: Pick<Ports, "environments">,
  version: VersionRecord,
  config: Config,
  service: string | undefined,
): Promise<ServiceSpec> {
  const specs = await specsOf(ports, version, `one-off-${version.name}`, config)
  const names = specs.map((spec) => spec.service)
  const found = service === undefined && specs.length === 1 ? specs[0] : specs.find((spec) => spec.service === service)
  if (found !== undefined) return found
  const message = service === undefined ? `${version.name} has ${names.length} services` : `${version.name} has no service ${service}`
  throw new ConveyorError("no-such-service", message, {
    facts: { services: names },
    hint: `Name one: --service ${names.join(", --service ")}`,
  })
}

async function currentOf({ routing }: Ports, signal: AbortSignal): Promise<string> {
  const { table } = await routing.observe(signal)
  if (table !== undefined) return table.current
  throw new ConveyorError("nothing-released", "no version is current yet", { hint: "Push a commit first, or name a version: --at v1" })
}

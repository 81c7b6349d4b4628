// Variables of copies that a person has set by hand: what may be set, and what is set after a change. Called by the control plane.
import { isReserved, variableName } from "../config/environment.ts"
import { longestSecretBytes } from "../config/read-secret.ts"
import { ConveyorError } from "../kernel/errors/errors.ts"
import { Secret } from "../kernel/secret.ts"
import type { SetVariables } from "../store/environments.ts"

export interface EnvironmentChange {
  /** Of this service alone; undefined for copies of every service. */
  service: string | undefined
  set: Readonly<Record<string, string>>
  unset: readonly string[]
}

const mostVariables = 1_000

/** @throws ConveyorError "bad-name", "bad-request", which name a variable and never its value */
export function applied(before: SetVariables, { service, set, unset }: EnvironmentChange): SetVariables {
  for (const [name, value] of Object.entries(set)) assertCanBeSet(name, value)
  const was = (service === undefined ? before.all : before.services[service]) ?? {}
  const missing = unset.filter((name) => !Object.hasOwn(was, name))
  if (missing.length > 0) {
    throw new ConveyorError(
      "bad-name",
      `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not set${service === undefined ? "" : ` for ${service}`}`,
      {
        facts: { missing, service },
        hint: "conveyor env list names what is.",
      },
    )
  }
  const kept = Object.entries(was).filter(([name]) => !unset.includes(name))
  const now = Object.fromEntries([...kept, ...Object.entries(set).map(([name, value]) => [name, new Secret(value)] as const)])
  if (Object.keys(now).length > mostVariables)
    throw new ConveyorError("bad-request", `more than ${mostVariables} variables would be set`, { hint: "Unset some: conveyor env unset" })
  return service === undefined ? { ...before, all: now } : { ...before, services: { ...before.services, [service]: now } }
}

function assertCanBeSet(name: string, value: string): void {
  const why = whyNot(name, value)
  if (why !== undefined)
    throw new ConveyorError("bad-name", `${name} cannot be set: ${why}`, { facts: { name }, hint: "Nothing was changed." })
}

function whyNot(name: string, value: string): string | undefined {
  if (!variableName.test(name)) return "a name has letters, digits and underscores, and does not begin with a digit"
  if (isReserved(name)) return "the conveyor itself gives PORT, HOST and CONVEYOR_… to every copy"
  if (value.includes("\0")) return "no environment can hold zero bytes"
  return Buffer.byteLength(value) > longestSecretBytes ? "it is longer than 64 KB" : undefined
}

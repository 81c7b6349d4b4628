// What copies and commands are told: by conveyor.yml, by where secrets stand, and by what was set by hand. Read when a release
// is asked for, and kept with its version, so that copies of one version never differ and a rollback brings the old values back.
// Made by wiring/; called by the control plane and the steps.
import { isDeepStrictEqual } from "node:util"
import type { Config } from "../config/config.ts"
import type { Variables } from "../config/load-config.ts"
import { placeOf, readSecret } from "../config/read-secret.ts"
import type { SecretSource, SecretSources } from "../config/secrets.ts"
import { ConveyorError } from "../kernel/errors/errors.ts"
import type { Environment } from "../kernel/secret.ts"
import { EnvironmentFiles } from "../store/environments.ts"
import type { SetVariables, Told } from "../store/environments.ts"
import type { VersionEnvironment, VersionRecord } from "../store/records.ts"

export interface Environments {
  /**
   * All that copies of a commit would be told now, read and kept; undefined where that is nothing.
   * @throws ConveyorError "secret-unreadable", "secret-not-granted"
   */
  take(config: Config, signal: AbortSignal): Promise<VersionEnvironment | undefined>
  /** What copies of a version are told, by service. @throws ConveyorError "environment-lost" */
  of(version: VersionRecord, config: Config): Promise<Told>
  /** Secrets that conveyor.yml names for a build or for tests, as they are now. @throws as `take` */
  read(sources: SecretSources, signal: AbortSignal): Promise<Environment>
  /** What was set by hand; it is part of what is taken from then on. */
  set(): Promise<SetVariables>
  change(variables: SetVariables): Promise<void>
}

/** What conveyor.yml itself tells the copies of each service. */
const writtenIn = ({ services, environment }: Config): Told =>
  Object.fromEntries(Object.entries(services).map(([service, own]) => [service, { ...environment, ...own.environment }]))

export interface EnvironmentSources {
  folder: string
  /** The installation's own conveyor.yml: who runs it says which files and commands of the machine are read. */
  installation: Config
  variables: Variables
}

export function createEnvironments({ folder, installation, variables }: EnvironmentSources): Environments {
  const files = new EnvironmentFiles(folder)
  const granted = sourcesIn(installation)

  async function read(sources: SecretSources, signal: AbortSignal): Promise<Environment> {
    for (const [name, source] of Object.entries(sources)) assertGranted(name, source, granted)
    const all = Object.entries(sources).map(
      async ([name, source]) => [name, await readSecret(name, source, { variables, signal })] as const,
    )
    return Object.fromEntries(await Promise.all(all))
  }

  return {
    read,
    set: () => files.set(),
    change: (all) => files.change(all),
    of: async ({ environment }, config) => (environment === undefined ? writtenIn(config) : files.read(environment)),
    async take(config, signal) {
      const [shared, set] = [await read(config.secrets, signal), await files.set()]
      const told: Record<string, Environment> = {}
      for (const [service, written] of Object.entries(writtenIn(config))) {
        const own = await read(config.services[service]?.secrets ?? {}, signal)
        told[service] = { ...written, ...shared, ...own, ...set.all, ...set.services[service] }
      }
      return files.keep(told satisfies Told)
    },
  }
}

function sourcesIn({ secrets, services, build, test }: Config): SecretSource[] {
  const groups = [secrets, ...Object.values(services).map((each) => each.secrets), build?.secrets ?? {}, test?.secrets ?? {}]
  return groups.flatMap((group) => Object.values(group))
}

/** A commit could name any file that the control plane may read, or any command: whoever pushes would be whoever runs it. */
function assertGranted(name: string, source: SecretSource, granted: readonly SecretSource[]): void {
  if (source.env !== undefined || granted.some((each) => isDeepStrictEqual(each, source))) return
  throw new ConveyorError(
    "secret-not-granted",
    `the commit reads the secret ${name} from ${placeOf(source)}, which this installation does not allow`,
    {
      facts: { name },
      hint: "Write it under `secrets` in the conveyor.yml that the installation was started with, then: conveyor up --restart",
    },
  )
}

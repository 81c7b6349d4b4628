// The change files of the work tree, before anything is committed. Read by change new, lint and plan.
import { dirname, join, relative, resolve } from "node:path"
import type { Change } from "../../../change/change.ts"
import type { Config } from "../../../config/config.ts"
import { fleetsOf } from "../../../config/fleets.ts"
import { readConfig } from "../../../config/read-config.ts"
import { ConveyorError } from "../../../kernel/errors/errors.ts"

export interface WorkingChanges {
  config: Config
  /** Where conveyor.yml is, relative to where the command runs; "" for there. */
  root: string
  changes: Change[]
}

/** @throws BadFileError, ConveyorError "no-config", "no-fleet" or "bad-change" */
export async function workingChanges(configFile: string): Promise<WorkingChanges> {
  const { config, root, folders } = await workingConfig(configFile)
  const { loadChanges } = await import("../../../change/files/load-changes.ts")
  return { config, root, changes: (await Promise.all([...folders.values()].map(loadChanges))).flat() }
}

export interface WorkingConfig {
  config: Config
  root: string
  /** By the fleet's name: where its change files are, relative to where the command runs. */
  folders: ReadonlyMap<string, string>
}

export async function workingConfig(configFile: string): Promise<WorkingConfig> {
  const config = await readConfig(configFile, process.env)
  const fleets = fleetsOf(config)
  if (fleets.length === 0) {
    throw new ConveyorError("no-fleet", `${configFile} names no fleet`, {
      hint: "Add `fleet:` with its shards; `conveyor init --print` shows how.",
    })
  }
  const root = relative(process.cwd(), dirname(resolve(configFile)))
  return { config, root, folders: new Map(fleets.map(({ name, changes }) => [name, join(root, changes)])) }
}

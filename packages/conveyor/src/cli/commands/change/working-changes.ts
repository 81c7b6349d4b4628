// The change files of the work tree, before anything is committed. Read by change new, lint and plan.
import { readFile } from "node:fs/promises"
import { relative, resolve } from "node:path"
import type { Change } from "../../../change/change.ts"
import type { Config } from "../../../config/config.ts"
import { configFileName, loadConfig } from "../../../config/load-config.ts"
import { ConveyorError } from "../../../kernel/errors.ts"

export interface WorkingChanges {
  config: Config
  /** Relative to where the command runs. */
  folder: string
  changes: Change[]
}

/** @throws BadFileError, ConveyorError "no-config", "no-fleet" or "bad-change" */
export async function workingChanges(configFile: string): Promise<WorkingChanges> {
  const { config, folder } = await workingConfig(configFile)
  const { loadChanges } = await import("../../../change/files/load-changes.ts")
  return { config, folder, changes: await loadChanges(folder) }
}

export async function workingConfig(configFile: string): Promise<{ config: Config; folder: string }> {
  const text = await readFile(configFile, "utf8").catch((cause: unknown) => {
    throw new ConveyorError("no-config", `${configFile} is not there`, {
      hint: `Go to where ${configFileName} is, or name it with --config.`,
      cause,
    })
  })
  const config = loadConfig(text, configFile, process.env)
  if (config.fleet === undefined) {
    throw new ConveyorError("no-fleet", `${configFile} names no fleet`, {
      hint: "Add `fleet:` with its shards; `conveyor init --print` shows how.",
    })
  }
  return { config, folder: relative(process.cwd(), resolve(configFile, "..", config.fleet.changes)) || "." }
}

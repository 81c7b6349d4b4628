// The options that every command has.
import type { Command } from "commander"
import { stateDirectory } from "../server/state-directory.ts"
import type { StateDirectory } from "../server/state-directory.ts"

export interface GlobalOptions {
  state: StateDirectory
  json: boolean
}

export function globalOptions(command: Command): GlobalOptions {
  const { state, json } = command.optsWithGlobals<{ state: string; json?: boolean }>()
  return { state: stateDirectory(state), json: json === true }
}

// The options that every command has.
import { userInfo } from "node:os"
import type { Command } from "commander"
import { stateDirectory } from "../server/installation/state-directory.ts"
import type { StateDirectory } from "../server/installation/state-directory.ts"

export interface GlobalOptions {
  state: StateDirectory
  json: boolean
}

export function globalOptions(command: Command): GlobalOptions {
  const { state, json } = command.optsWithGlobals<{ state: string; json?: boolean }>()
  return { state: stateDirectory(state), json: json === true }
}

/** Who asks and why, for every request that changes something: one line each, whatever was given. */
export function askerOf(command: Command): { actor: string; reason: string | undefined } {
  const { actor, reason } = command.optsWithGlobals<{ actor?: string; reason?: string }>()
  return { actor: oneLine(actor) ?? userName(), reason: oneLine(reason) }
}

function oneLine(text: string | undefined): string | undefined {
  const line = text?.replaceAll(/[\s\p{Cc}]+/gu, " ").trim()
  return line === "" ? undefined : line
}

/** A container's user may have a number and no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`
  }
}

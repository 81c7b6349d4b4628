// An error as a person reads it: what happened, then what to do next.
import type { ConveyorError } from "../../kernel/errors/errors.ts"
import { bold, cyan, red } from "./paint.ts"

export function failure(error: ConveyorError): string {
  const lines = [`${red("✖")} ${bold(error.message)}`]
  if (error.hint !== undefined) lines.push(`${cyan("→")} ${error.hint}`)
  return `${lines.join("\n")}\n`
}

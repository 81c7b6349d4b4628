// Reads conveyor.yml: text to Config, with ${VARIABLES} filled from the environment of the control plane.
// Called at `conveyor up` for the installation, and at each release for the commit that it carries.
import { BadFileError, parseCheckedYaml } from "../kernel/checked-yaml.ts"
import type { Complaint } from "../kernel/checked-yaml.ts"
import { configSchema } from "./config.ts"
import type { Config } from "./config.ts"

export const configFileName = "conveyor.yml"

const hint = "`conveyor init --print` shows every key with its meaning and default."

export type Variables = Readonly<Record<string, string | undefined>>

/** @throws BadFileError with line, column, key and the way out of every mistake. */
export function loadConfig(text: string, file: string, variables: Variables): Config {
  return parseCheckedYaml(fillVariables(text, file, variables), configSchema, { file, hint })
}

/** Replaces ${NAME} outside comments; a doubled dollar sign stands for itself. */
function fillVariables(text: string, file: string, variables: Variables): string {
  const missing: Complaint[] = []
  const filled = text.split("\n").map((line, index) => {
    if (line.trimStart().startsWith("#")) return line
    return line.replaceAll(/\$\$|\$\{(\w+)\}/g, (match, name: string | undefined, offset: number) => {
      if (name === undefined) return match === "$$" ? "$" : match
      const value = variables[name]
      if (value !== undefined) return value
      missing.push({
        line: index + 1,
        column: offset + 1,
        key: "",
        message: `\${${name}} is not set; set it where \`conveyor up\` is started`,
      })
      return match
    })
  })
  if (missing.length > 0) throw new BadFileError(file, missing, hint)
  return filled.join("\n")
}

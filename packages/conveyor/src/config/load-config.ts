// Reads conveyor.yml: text to Config, with ${VARIABLES} filled from the environment of the control plane.
// Called at `conveyor up` for the installation, and at each release for the commit that it carries.
import { parseCheckedYaml } from "../kernel/yaml/checked-yaml.ts"
import type { Variables } from "../kernel/yaml/variables.ts"
import { configSchema } from "./config.ts"
import type { Config } from "./config.ts"
import { isInEnvironment } from "./environment.ts"

export const configFileName = "conveyor.yml"

const hint = "`conveyor init --print` shows every key with its meaning and default."

export type { Variables }

/** @throws BadFileError with line, column and key of every mistake, what was found there, and what would be right. */
export function loadConfig(text: string, file: string, variables: Variables): Config {
  return parseCheckedYaml(text, configSchema, {
    file,
    hint,
    variables,
    isVerbatim: (path) => isInEnvironment(path) || isClient(path),
    isPrivate: isInEnvironment,
    isOwnKey: (key) => key.startsWith("x-"),
  })
}

/** Of a test client, which is often a number: it is sent as it is written. */
const isClient = (path: readonly PropertyKey[]) => path.join(".") === "status.client"

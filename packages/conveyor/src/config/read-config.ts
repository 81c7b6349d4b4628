// conveyor.yml from the disk. Called by whoever works with the installation's file or the work tree's; a commit's is read from
// the repository.
import { readFile } from "node:fs/promises"
import { ConveyorError, describe } from "../kernel/errors/errors.ts"
import type { Config } from "./config.ts"
import { configFileName, loadConfig } from "./load-config.ts"
import type { Variables } from "./load-config.ts"

/** @throws ConveyorError "no-config" where it cannot be read, BadFileError where it has mistakes. */
export async function readConfig(file: string, variables: Variables): Promise<Config> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new ConveyorError("no-config", `${file} ${reasons[cause.code ?? ""] ?? `cannot be read: ${describe(cause)}`}`, {
      facts: { file },
      hint: `\`conveyor init\` writes a ${configFileName}; --config names another place.`,
      cause,
    })
  })
  return loadConfig(text, file, variables)
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "is not there",
  ENOTDIR: "is not there: what should be a folder on the way is a file",
  EISDIR: "is a folder, and not the file",
  EACCES: "may not be read by this user",
}

// conveyor change new: the next change file, numbered, with an example of what can stand in it.
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Command } from "commander"
import { configFileName } from "../../../config/load-config.ts"
import { ConveyorError } from "../../../kernel/errors/errors.ts"
import { globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"
import { workingConfig } from "./working-changes.ts"

const template = join(import.meta.dirname, "template.yml")

export function addNew(change: Command): void {
  const command: Command = change
    .command("new")
    .summary("write the next change file")
    .description("Writes a numbered change file with an example to fill in. Files are applied in the order of their names.")
    .argument("<name>", "what it does, such as payment-methods")
    .option("--config <file>", "the conveyor.yml whose changes are meant", configFileName)
    .option("--fleet <name>", "the fleet that it changes, where conveyor.yml names several")
    .action(async (name: string, options: { config: string; fleet?: string }) => {
      const { json } = globalOptions(command)
      if (!/^[\p{Ll}\p{N}][\p{Ll}\p{N}-]*$/u.test(name)) {
        throw new ConveyorError("bad-name", `"${name}" is no name for a change`, {
          hint: "Small letters, digits and dashes, such as payment-methods.",
        })
      }
      const folder = folderOf((await workingConfig(options.config)).folders, options.fleet)
      await mkdir(folder, { recursive: true })
      const file = join(folder, `${String(nextNumber(await readdir(folder))).padStart(4, "0")}-${name}.yml`)
      await writeFile(file, await readFile(template, "utf8"), { flag: "wx" })
      if (json) printJson({ file })
      else print(`wrote ${file}: fill it in, then \`conveyor change lint\` and \`conveyor change plan\``)
    })
}

/** @throws ConveyorError "no-fleet" where it is not clear which is meant. */
function folderOf(folders: ReadonlyMap<string, string>, fleet: string | undefined): string {
  const [only] = folders.size === 1 ? folders.values() : []
  const found = fleet === undefined ? only : folders.get(fleet)
  if (found !== undefined) return found
  const names = [...folders.keys()].join(", ")
  throw new ConveyorError(
    "no-fleet",
    fleet === undefined ? "conveyor.yml names several fleets" : `conveyor.yml names no fleet "${fleet}"`,
    {
      facts: { fleet, fleets: [...folders.keys()] },
      hint: `Name one with --fleet: ${names}.`,
    },
  )
}

function nextNumber(files: readonly string[]): number {
  return 1 + Math.max(0, ...files.map((file) => Number(/^(\d+)-/.exec(file)?.[1] ?? 0)))
}

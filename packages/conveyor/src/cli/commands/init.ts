// conveyor init: writes the annotated conveyor.yml.
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Command } from "commander"
import { configFileName } from "../../config/load-config.ts"
import { ConveyorError } from "../../kernel/errors.ts"
import { print } from "../print.ts"

const reference = join(import.meta.dirname, "..", "..", "config", "reference.yml")

export function addInit(program: Command): void {
  program
    .command("init")
    .summary("write an annotated conveyor.yml")
    .description("Writes conveyor.yml here, with every key, its meaning and its default. An existing file is left alone.")
    .option("--print", "print it instead")
    .action(async (options: { print?: boolean }) => {
      const text = await readFile(reference, "utf8")
      if (options.print === true) {
        print(text.trimEnd())
        return
      }
      await writeFile(configFileName, text, { flag: "wx" }).catch((cause: unknown) => {
        throw new ConveyorError("file-exists", `${configFileName} is here already`, {
          hint: "Compare it with `conveyor init --print`.",
          cause,
        })
      })
      print(`wrote ${configFileName}: fill in the services, then \`conveyor up\``)
    })
}

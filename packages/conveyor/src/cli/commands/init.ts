// conveyor init: writes the annotated conveyor.yml, filled in for the application that lies here.
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Command } from "commander"
import { configFileName } from "../../config/load-config.ts"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import type { Look } from "../init/look.ts"
import { globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"

const reference = join(import.meta.dirname, "..", "..", "config", "reference.yml")

export function addInit(program: Command): void {
  const command: Command = program
    .command("init")
    .summary("write an annotated conveyor.yml")
    .description(
      "Looks at what lies here (package.json, pyproject.toml, composer.json, go.mod, Procfile, Dockerfile, compose.yaml, migrations) and writes conveyor.yml for it, with every\nkey, its meaning and its default. An existing file is left alone.",
    )
    .option("--print", "print the reference as it is instead, for no application")
    .action(async (options: { print?: boolean }) => {
      const text = await readFile(reference, "utf8")
      if (options.print === true) {
        print(text.trimEnd())
        return
      }
      const [{ lookAt }, { templateFor }] = await Promise.all([import("../init/look.ts"), import("../init/template.ts")])
      const look = await lookAt(process.cwd())
      await writeFile(configFileName, templateFor(look, text), { flag: "wx" }).catch((cause: unknown) => {
        throw notWritten(cause)
      })
      if (globalOptions(command).json) printJson({ file: configFileName, ...look })
      else for (const line of told(look)) print(line)
    })
}

function* told({ kind, build, test, start, remarks }: Look): Generator<string> {
  yield `wrote ${configFileName}${kind === undefined ? "" : ` for ${kind}`}`
  yield `  build  ${build ?? "nothing"}`
  yield `  test   ${test ?? "nothing: no tests were found"}`
  yield `  start  ${start ?? "not known: fill it in under services"}`
  for (const remark of remarks) yield `  ! ${remark}`
  yield "A copy listens on $HOST:$PORT and answers its status query; the file says how. Then `conveyor up`."
}

function notWritten(cause: unknown): ConveyorError {
  if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") {
    return new ConveyorError("file-exists", `${configFileName} is here already`, {
      hint: "Compare it with `conveyor init --print`.",
      cause,
    })
  }
  return new ConveyorError("cannot-write", `${configFileName} cannot be written: ${describe(cause)}`, {
    hint: "Go to a folder that may be written to.",
    cause,
  })
}

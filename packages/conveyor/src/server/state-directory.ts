// Where an installation keeps everything: one directory, `.conveyor` beside conveyor.yml unless said otherwise.
// Known to the command line, the control plane it starts, and the git hook.
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { z } from "zod"
import { ConveyorError, describe } from "../kernel/errors.ts"
import { isAlive } from "../kernel/process-identity.ts"
import { diskFull, isDiskFull } from "../kernel/room.ts"

export interface StateDirectory {
  root: string
  database: string
  repository: string
  artifacts: string
  runtime: string
  edge: string
  /** Where the control plane says how to reach it; readable by its owner alone, because the token is in it. */
  control: string
  /** The port at which the control plane is found after every restart. */
  controlPort: string
  logs: string
}

const stateFile = "state.db"

export function stateDirectory(root: string): StateDirectory {
  const at = (...names: string[]) => join(resolve(root), ...names)
  return {
    root: resolve(root),
    database: at(stateFile),
    repository: at("repository.git"),
    artifacts: at("artifacts"),
    runtime: at("runtime"),
    edge: at("edge"),
    control: at("control.json"),
    controlPort: at("control-port"),
    logs: at("logs"),
  }
}

/**
 * Makes it where it is not there, with what keeps git from taking it along: tokens are in it. Where something else lies
 * there already, such as a work tree, that is not hidden from git. @throws ConveyorError "bad-options" where it cannot be made
 */
export async function makeStateDirectory({ root, logs }: StateDirectory): Promise<void> {
  try {
    await mkdir(root, { recursive: true })
    const there = await readdir(root)
    if (there.length === 0 || there.includes(stateFile)) await hideFromGit(root)
    await mkdir(logs, { recursive: true })
  } catch (cause) {
    if (isDiskFull(cause)) throw diskFull(root, cause)
    throw new ConveyorError("bad-options", `${root} cannot hold the state of an installation: ${describe(cause)}`, {
      facts: { root },
      hint: "Name a folder that this user may write to: conveyor --state <directory>.",
      cause,
    })
  }
}

async function hideFromGit(folder: string): Promise<void> {
  const text = "# Of one machine, with the tokens of what runs there.\n*\n"
  await writeFile(join(folder, ".gitignore"), text, { flag: "wx" }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EEXIST") throw cause
  })
}

const controlSchema = z.object({
  url: z.string(),
  token: z.string(),
  identity: z.object({ pid: z.number(), startTime: z.string() }),
  /** The public address of the edge. */
  edge: z.string(),
  configFile: z.string(),
})

export type ControlAddress = z.infer<typeof controlSchema>

/** The living control plane of a state directory, or undefined. */
export async function findControlPlane({ control }: StateDirectory): Promise<ControlAddress | undefined> {
  const text = await readFile(control, "utf8").catch(() => undefined)
  if (text === undefined) return undefined
  const address = controlSchema.parse(JSON.parse(text))
  return isAlive(address.identity) ? address : undefined
}

/** @throws ConveyorError "not-up" */
export async function controlPlaneOf(state: StateDirectory): Promise<ControlAddress> {
  const found = await findControlPlane(state)
  if (found !== undefined) return found
  throw new ConveyorError("not-up", `no control plane runs for ${state.root}`, {
    facts: { state: state.root },
    hint: "Start it where conveyor.yml is: conveyor up. Elsewhere, name the directory with --state.",
  })
}

// Where an installation keeps everything: one directory, `.conveyor` beside conveyor.yml unless said otherwise.
// Known to the command line, the control plane it starts, and the git hook.
import { existsSync } from "node:fs"
import { mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { z } from "zod"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import { isOwn } from "./installation.ts"
import { isAlive } from "../../kernel/process/process-identity.ts"
import { diskFull, isDiskFull } from "../../kernel/disk/room.ts"
import { jsonOf } from "../../kernel/json.ts"

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
  /** Who starts the control plane again. */
  supervisor: string
  logs: string
  /** What the watch remembers. */
  watch: string
  /** When scheduled jobs ran. */
  jobs: string
  /** What copies of each version are told: secrets are in it. */
  environments: string
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
    supervisor: at("supervisor.json"),
    logs: at("logs"),
    watch: at("watch.db"),
    jobs: at("jobs.db"),
    environments: at("environments"),
  }
}

/**
 * Makes it where it is not there, with what keeps git from taking it along: tokens are in it. Where something else lies
 * there already, such as a work tree, that is not hidden from git. @throws ConveyorError "bad-options" where it cannot be made
 */
export async function makeStateDirectory({ root, logs }: StateDirectory): Promise<void> {
  try {
    await makeFolder(root)
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

/** With the folders on the way; in one that takes none at all, as /proc, Node's own way of making these never ends. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder).catch(async (cause: NodeJS.ErrnoException) => {
    if (cause.code === "EEXIST" && (await stat(folder)).isDirectory()) return
    if (cause.code !== "ENOENT" || existsSync(dirname(folder))) throw cause
    await makeFolder(dirname(folder))
    await mkdir(folder)
  })
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
  /** Of the Conveyor that it is; absent where that is from before it said so. */
  version: z.string().optional(),
  /** Of systemd, which starts it again; absent where it was started otherwise. */
  unit: z.object({ unit: z.string(), scope: z.enum(["system", "user"]) }).optional(),
})

export type ControlAddress = z.infer<typeof controlSchema>

/** The living control plane of a state directory, or undefined; a copy of the directory has none. @throws ConveyorError "not-reachable", "bad-state" where that cannot be known */
export async function findControlPlane(state: StateDirectory): Promise<ControlAddress | undefined> {
  const { control } = state
  const text = await readFile(control, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return undefined
    throw new ConveyorError("not-reachable", `${control} cannot be read: ${describe(cause)}`, {
      facts: { control },
      hint: "The token is in it: ask as the user who runs the control plane.",
      cause,
    })
  })
  if (text === undefined || !(await isOwn(state))) return undefined
  const address = controlSchema.safeParse(jsonOf(text))
  if (!address.success) {
    throw new ConveyorError("bad-state", `${control} is damaged: it does not say where the control plane is`, {
      facts: { control },
      hint: "Remove it and run conveyor up: where a control plane runs still, that is told, and nothing is started twice.",
    })
  }
  return isAlive(address.data.identity) ? address.data : undefined
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

// Which installation a state directory is. A copy of one (a backup, a second checkout) has all the records of the first,
// and none of its processes: it must neither stop nor adopt them. So an installation is known by where it stands, and a
// directory that stands elsewhere becomes one of its own. Called by `up`, `serve` and `down`; asked by whoever looks for a control plane.
import { randomUUID } from "node:crypto"
import { chmod, readFile, readdir, realpath, rm, stat } from "node:fs/promises"
import { basename, join } from "node:path"
import { z } from "zod"
import { writeDurably } from "../../kernel/disk/durable-file.ts"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import type { StateDirectory } from "./state-directory.ts"

const standing = z.object({ path: z.string(), device: z.number(), inode: z.number() })
type Standing = z.infer<typeof standing>
const installation = z.object({ id: z.string(), at: standing })
type Installation = z.infer<typeof installation>

/** "copied": the records of processes in it were those of another installation, at `from`, and are forgotten. */
export type Claim = { was: "own" | "new" } | { was: "copied"; from: string }

const fileIn = ({ root }: StateDirectory) => join(root, "installation.json")

/** The directory, which is there, is this installation's own from now on, and for its owner's eyes alone. @throws ConveyorError "bad-state" */
export async function claimState(state: StateDirectory): Promise<Claim> {
  const [known, here] = [await read(state), await standingOf(state)]
  if (known !== undefined && isSamePlace(known.at, here)) {
    // Moved within its disk: the directory is the same, and so are its processes.
    if (known.at.path !== here.path) await write(state, { ...known, at: here })
    return { was: "own" }
  }
  await closeToOthers(state)
  if (known !== undefined) await forgetProcesses(state)
  await write(state, { id: randomUUID(), at: here })
  return known === undefined ? { was: "new" } : { was: "copied", from: known.at.path }
}

/** False of a copy that nothing was started in yet: what its records name are another's processes. */
export async function isOwn(state: StateDirectory): Promise<boolean> {
  const known = await read(state)
  // Without the file it is from before there was one.
  return known === undefined || isSamePlace(known.at, await standingOf(state))
}

/** Its id, unique among all installations. @throws ConveyorError "bad-state" where nobody has claimed it */
export async function installationId(state: StateDirectory): Promise<string> {
  const known = await read(state)
  if (known !== undefined) return known.id
  throw new ConveyorError("bad-state", `${state.root} does not say which installation it is`, { hint: "Run conveyor up." })
}

/** After a boot a disk may have another number; a copy has another inode, wherever it is. */
const isSamePlace = (known: Standing, here: Standing): boolean =>
  known.inode === here.inode && (known.device === here.device || known.path === here.path)

async function standingOf({ root }: StateDirectory): Promise<Standing> {
  const [path, { dev: device, ino: inode }] = [await realpath(root), await stat(root)]
  return { path, device, inode }
}

/** The original's processes go on, and the original knows them. */
async function forgetProcesses({ database, control, controlPort, supervisor, edge, runtime, watch }: StateDirectory): Promise<void> {
  const records = [
    control,
    controlPort,
    supervisor,
    join(edge, "edge.json"),
    join(edge, "launch.json"),
    join(edge, "token"),
    join(runtime, "copies"),
  ]
  // What the original's watch has found is the original's to tell.
  for (const file of ["", "-wal", "-shm"]) records.push(`${watch}${file}`)
  for (const record of records) await rm(record, { recursive: true, force: true })
  // Only here, so that no other command has to load SQLite.
  const { forgetLeaseHolder } = await import("../../store/forget-lease.ts")
  forgetLeaseHolder(database)
}

/**
 * Also what an earlier Conveyor wrote for everybody to read. Artifacts and the repository are behind the closed root. Where
 * something else lies in the root, such as a work tree, that is left as it is.
 */
async function closeToOthers(state: StateDirectory): Promise<void> {
  const { root, database, control, controlPort, runtime, edge, logs } = state
  const names = await readdir(root)
  const isOurs = names.includes(basename(database)) || names.every((name) => name === ".gitignore" || name === basename(logs))
  if (isOurs) await chmod(root, 0o700)
  const own = [database, `${database}-wal`, `${database}-shm`, control, controlPort, join(root, ".gitignore")]
  for (const file of own) await chmod(file, 0o600).catch(() => {})
  for (const folder of [runtime, join(runtime, "copies"), join(runtime, "logs"), join(runtime, "wanted"), edge, logs]) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) if (entry.isFile()) await chmod(join(folder, entry.name), 0o600).catch(() => {})
  }
}

async function write(state: StateDirectory, text: Installation): Promise<void> {
  await writeDurably(fileIn(state), `${JSON.stringify(text, undefined, 2)}\n`)
}

async function read(state: StateDirectory): Promise<Installation | undefined> {
  const text = await readFile(fileIn(state), "utf8").catch((thrown: unknown) => {
    if (thrown instanceof Error && "code" in thrown && (thrown.code === "ENOENT" || thrown.code === "ENOTDIR")) return undefined
    throw thrown
  })
  if (text === undefined) return undefined
  try {
    return installation.parse(JSON.parse(text))
  } catch (cause) {
    throw new ConveyorError("bad-state", `${fileIn(state)} does not say which installation this is: ${describe(cause)}`, {
      facts: { file: fileIn(state) },
      hint: "Where this is a copy of another installation's directory, remove its runtime/copies and edge/edge.json; then remove the file.",
      cause,
    })
  }
}

// Where the state directory is or will be: who may write there, how much room is left, whether the clock has gone back, and
// whose installation it is. Called by doctor.ts.
import { access, constants, stat, statfs } from "node:fs/promises"
import { dirname } from "node:path"
import { describe } from "../../kernel/errors/errors.ts"
import { isOwn } from "../../server/installation/installation.ts"
import type { StateDirectory } from "../../server/installation/state-directory.ts"
import { attention, fails, fine, unknown } from "./finding.ts"
import type { Finding } from "./finding.ts"

export async function placeFindings(state: StateDirectory, now: number): Promise<Finding[]> {
  const folder = await nearest(state.root)
  return [await permissions(state, folder), await disk(folder), await clock(state, now), ...(await installation(state))]
}

/** The folder itself, or the one in which it would be made. */
async function nearest(folder: string): Promise<string> {
  const is = await stat(folder).catch(() => undefined)
  return is !== undefined || dirname(folder) === folder ? folder : nearest(dirname(folder))
}

async function permissions({ root }: StateDirectory, folder: string): Promise<Finding> {
  const [what, is] = ["state", await stat(folder).catch(() => undefined)]
  if (is === undefined) return unknown(what, `${folder} cannot be looked at`, "Name another place: conveyor --state <directory>.")
  if (!is.isDirectory()) return fails(what, `${folder} is no folder`, "Name another place: conveyor --state <directory>.")
  const mayWrite = await access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  if (!mayWrite)
    return fails(what, `this user may not write to ${folder}`, "Run as its owner, or name another place: conveyor --state <directory>.")
  if (folder !== root) return fine(what, `${root} will be made`)
  if ((is.mode & 0o077) !== 0) return attention(what, `${root} is open to others, and tokens are in it`, `chmod 700 ${root}`)
  return fine(what, `${root}, for its owner alone`)
}

const mega = 2 ** 20
const room = { failsBelow: 256 * mega, shortBelow: 2_048 * mega, fewestInodes: 10_000 }

async function disk(folder: string): Promise<Finding> {
  try {
    const { bavail, bsize, ffree, files } = await statfs(folder)
    return diskFinding(folder, { bytes: bavail * bsize, inodes: files === 0 ? undefined : ffree })
  } catch (thrown) {
    return unknown("disk", `how full the disk of ${folder} is cannot be told: ${describe(thrown)}`, `df -h ${folder}`)
  }
}

/** `inodes` is undefined on a file system that does not count them. */
export function diskFinding(folder: string, { bytes, inodes }: { bytes: number; inodes: number | undefined }): Finding {
  const says = `${Math.floor(bytes / mega).toLocaleString("en")} MB free beside ${folder}${inodes === undefined ? "" : `, ${inodes.toLocaleString("en")} inodes`}`
  const next = "Make room, or name a place on another disk: conveyor --state <directory>."
  if (bytes < room.failsBelow || (inodes !== undefined && inodes < room.fewestInodes)) return fails("disk", says, next)
  return bytes < room.shortBelow ? attention("disk", says, next) : fine("disk", says)
}

const ahead = 60_000

/** Warm windows and bakes are measured by it. */
async function clock({ database }: StateDirectory, now: number): Promise<Finding> {
  const newest = await stat(database).catch(() => undefined)
  const written = Math.max(newest?.mtimeMs ?? 0, (await stat(`${database}-wal`).catch(() => undefined))?.mtimeMs ?? 0)
  if (written > now + ahead) {
    const next = "Set the clock (`timedatectl status`, `chronyc tracking`): windows that were opened by the later time close later."
    return attention("clock", `it has gone back: the state was written at ${new Date(written).toISOString()}, which is yet to come`, next)
  }
  return fine("clock", `${new Date(now).toISOString()}, and nothing here is from later`)
}

async function installation(state: StateDirectory): Promise<Finding[]> {
  if ((await stat(state.root).catch(() => undefined)) === undefined) return []
  try {
    if (await isOwn(state)) return []
    const says = `${state.root} is a copy of another installation's directory`
    return [attention("installation", says, "conveyor up makes it an installation of its own; the other one's processes are left to it.")]
  } catch (thrown) {
    return [fails("installation", describe(thrown), "See installation.json of the state directory.")]
  }
}

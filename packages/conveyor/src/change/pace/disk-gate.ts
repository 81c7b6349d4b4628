// The free disk of a shard: refuses a backfill that would fill it, before its first row. Called by the engine and the signals.
import { statfs } from "node:fs/promises"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import type { Worker } from "../phases/execute.ts"
import type { DiskPolicy } from "../policy.ts"
import type { Session } from "../fleet/session.ts"

export async function passDiskGate(worker: Worker, neededBytes: number, policy: DiskPolicy): Promise<void> {
  const { session, logger, change } = worker
  const shard = session.shard.name
  const disk = await freeDisk(session, policy)
  if (disk === undefined) {
    if (policy.unknown === "allow")
      return logger.warn(
        { shard, change, neededBytes },
        "the free disk of this shard cannot be seen; the backfill starts without that check",
      )
    throw new ConveyorError("disk-unknown", `the free disk of shard ${shard} cannot be seen, and ${megabytes(neededBytes)} are needed`, {
      facts: { shard, neededBytes },
      hint: "Look at the disk of that server yourself, and say `fleet: { disk: { unknown: allow } }` in conveyor.yml where there is room.",
    })
  }
  const keptBytes = disk.totalBytes * policy.freePart
  if (disk.freeBytes - neededBytes >= keptBytes) return
  throw new ConveyorError(
    "disk-full",
    `shard ${shard} needs ${megabytes(neededBytes)} of disk for ${change} and has ${megabytes(disk.freeBytes)}, of which ${megabytes(keptBytes)} have to stay free`,
    { facts: { shard, neededBytes, freeBytes: disk.freeBytes, keptBytes }, hint: "Free some disk on that server; no row was touched." },
  )
}

/** Undefined where it cannot be seen. */
export function freeDisk(session: Session, policy: DiskPolicy): Promise<{ freeBytes: number; totalBytes: number } | undefined> {
  return policy.probe === undefined ? localDisk(session) : policy.probe(session.shard)
}

/** The file system of the data directory, where the server runs on this machine and lets us know where that is. */
async function localDisk(session: Session): Promise<{ freeBytes: number; totalBytes: number } | undefined> {
  try {
    const { hostname } = new URL(session.shard.url)
    if (!["localhost", "127.0.0.1", "[::1]", ""].includes(hostname)) return undefined
    const [row] = await session.rows<{ folder: string }>("SELECT current_setting('data_directory') AS folder")
    const { bavail, blocks, bsize } = await statfs(row?.folder ?? "")
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
  } catch {
    return undefined
  }
}

const megabytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MB`

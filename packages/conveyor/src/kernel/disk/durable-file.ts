// Files that are either the old content or the new, whatever is killed when: write aside, fsync, rename, fsync.
// Called by whoever keeps a small state in a file (the edge's table, the control plane's address).
import { open, rename, rm } from "node:fs/promises"
import { dirname } from "node:path"

/** Replaces `path` by `content` atomically; when it resolves, the content survives a power cut. */
export async function writeDurably(path: string, content: string, mode = 0o600): Promise<void> {
  const aside = `${path}.${process.pid}.tmp`
  try {
    await writeWhole(aside, content, mode)
    await rename(aside, path)
  } catch (thrown) {
    // On a full disk half a file would be in its own way.
    await rm(aside, { force: true })
    throw thrown
  }
  const folder = await open(dirname(path), "r")
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function writeWhole(path: string, content: string, mode: number): Promise<void> {
  const file = await open(path, "w", mode)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

// Files that are either the old content or the new, whatever is killed when: write aside, fsync, rename, fsync.
// Called by whoever keeps a small state in a file (the edge's table, the control plane's address).
import { open, rename } from "node:fs/promises"
import { dirname } from "node:path"

/** Replaces `path` by `content` atomically; when it resolves, the content survives a power cut. */
export async function writeDurably(path: string, content: string, mode = 0o644): Promise<void> {
  const aside = `${path}.${process.pid}.tmp`
  const file = await open(aside, "w", mode)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(aside, path)
  const folder = await open(dirname(path), "r")
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

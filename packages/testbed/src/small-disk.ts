// A disk of a few megabytes, mounted for one test and gone after it; and filling it up. Called by tests of what happens
// when there is no room.
import { execFileSync } from "node:child_process"
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const mayMount = process.getuid?.() === 0 && process.platform === "linux"

/** For the options of a test that mounts one: elsewhere it is skipped, by name. */
export const needsSmallDisk = mayMount ? {} : { skip: "NOT RUN: mounting a small disk takes root on Linux" }

/** `options` as `mount` takes them for a tmpfs, such as size=8m,nr_inodes=100. */
export async function onSmallDisk(options: string, body: (disk: string) => void | Promise<void>): Promise<void> {
  const disk = mkdtempSync(join(tmpdir(), "conveyor-disk-"))
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk])
  try {
    await body(disk)
  } finally {
    // Lazy: whatever a failed test left open in it must not keep it mounted.
    execFileSync("umount", ["--lazy", disk])
    rmSync(disk, { recursive: true })
  }
}

/** Writes `filler` until nothing more goes in, not a byte. */
export function fillUp(disk: string): string {
  const file = join(disk, "filler")
  const descriptor = openSync(file, "a")
  try {
    for (const size of [1 << 20, 1 << 12]) {
      const chunk = Buffer.alloc(size)
      while (wrote(descriptor, chunk)) continue
    }
  } finally {
    closeSync(descriptor)
  }
  return file
}

function wrote(descriptor: number, chunk: Buffer): boolean {
  try {
    return writeSync(descriptor, chunk) === chunk.length
  } catch {
    return false
  }
}

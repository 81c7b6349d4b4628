// The carried repository's three commits, laid out as folders: v2 is florist/ as it stands, v1 and v3 are it with a few files changed.
// Called by the demo, which commits and pushes them, and by Florist's tests.
import { cp, mkdir, readFile, readdir, rm } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

export type HistoryVersion = "v1" | "v2" | "v3"

interface Overlay {
  message: string
  /** A folder of files that replace florist's, with a list of those that go in `delete.txt`. */
  folder?: string
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..")

const overlays: Record<HistoryVersion, Overlay> = {
  v1: { message: "Payments by one method", folder: "1-one-method" },
  v2: { message: "Payments by several methods, QR among them" },
  v3: { message: "The summary shows the average refund", folder: "3-bad" },
}

export const commitMessages: Readonly<Record<HistoryVersion, string>> = {
  v1: overlays.v1.message,
  v2: overlays.v2.message,
  v3: overlays.v3.message,
}

/** Tests against real databases and against the published API need what is not part of the carried repository. */
const leftOut = new Set(["node_modules", "test", "published"])
const listOfDeleted = "delete.txt"

/** Makes `directory` hold exactly the files of that version; a `.git` folder in it stays. */
export async function layOut(version: HistoryVersion, directory: string): Promise<void> {
  await clear(directory)
  await copy(join(root, "florist"), directory)
  const { folder } = overlays[version]
  if (folder === undefined) return
  const overlay = join(root, "demo/history", folder)
  await copy(overlay, directory)
  await rm(join(directory, listOfDeleted), { force: true })
  for (const file of await deletedBy(overlay)) await rm(join(directory, file))
}

async function clear(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  const entries = await readdir(directory)
  await Promise.all(entries.filter((name) => name !== ".git").map((name) => rm(join(directory, name), { recursive: true })))
}

function copy(from: string, to: string): Promise<void> {
  return cp(from, to, { recursive: true, filter: (path) => !leftOut.has(basename(path)) })
}

async function deletedBy(overlay: string): Promise<string[]> {
  const list = await readFile(join(overlay, listOfDeleted), "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return ""
    throw cause
  })
  return list.split("\n").filter((line) => line !== "")
}

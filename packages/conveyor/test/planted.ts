// Looks for planted texts in all that an installation leaves where others could read: its files, its processes' command
// lines. Called by tests of secrets.
import { readFileSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"

export interface Find {
  /** Of the file, or "/proc/<pid>/cmdline". */
  place: string
  text: string
  /** Of the file. */
  mode: number
}

/** Every regular file under the folder that holds one of the texts. */
export function plantedInFiles(folder: string, texts: readonly string[]): Find[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .flatMap(({ parentPath, name }) => findsIn(join(parentPath, name), texts))
}

/** Every process of the machine whose command line holds one of the texts. */
export function plantedInCommandLines(texts: readonly string[]): Find[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => findsIn(`/proc/${pid}/cmdline`, texts))
}

function findsIn(place: string, texts: readonly string[]): Find[] {
  try {
    const content = readFileSync(place)
    const mode = statSync(place).mode & 0o777
    return texts.filter((text) => content.includes(text)).map((text) => ({ place, text, mode }))
  } catch {
    // It was gone before it was read.
    return []
  }
}

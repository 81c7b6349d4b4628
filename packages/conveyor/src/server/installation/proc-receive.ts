// git's proc-receive hook for the branch that is released: the push of a commit succeeds when its release does. Started by
// git through the hook that repository.ts writes; `argv` is the command that releases a commit. The branch moves only when
// the commit was promoted, so that the same push again is a release again.
import { execFileSync, spawnSync } from "node:child_process"
import { readSync } from "node:fs"

interface Update {
  old: string
  commit: string
  ref: string
}

const [program = "", ...argv] = process.argv.slice(2)
// git says in which version the two speak, and waits for the same; then it says what was pushed.
readPart()
answer(["version=1"])
const updates = readPart().flatMap(updateOf)
answer(
  updates.map((update) =>
    releases(update) === "promoted" ? `ok ${update.ref}` : `ng ${update.ref} not promoted; see above, mend it and push again`,
  ),
)

function releases({ old, commit, ref }: Update): "promoted" | "not-promoted" {
  // What was built must not be swept away as long as versions are made of it.
  git("update-ref", `refs/conveyor/pushed/${commit}`, commit)
  // Standard output is what git reads answers from: all that is said to the pusher goes to standard error.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "GIT_DIR" && name !== "GIT_QUARANTINE_PATH"))
  const { status } = spawnSync(program, [...argv, commit], { stdio: ["ignore", 2, 2], env })
  if (status !== 0) return "not-promoted"
  try {
    git("update-ref", ref, commit, old)
  } catch {
    process.stderr.write(`conveyor: ${ref} was moved meanwhile, and stays where it is now.\n`)
  }
  return "promoted"
}

function git(...command: string[]): void {
  execFileSync("git", command, { stdio: ["ignore", 2, 2] })
}

function updateOf(line: string): Update[] {
  const [old, commit, ref] = line.trimEnd().split(" ")
  return old === undefined || commit === undefined || ref === undefined ? [] : [{ old, commit, ref }]
}

function answer(lines: readonly string[]): void {
  const packed = lines.map((line) => (Buffer.byteLength(line) + 4).toString(16).padStart(4, "0") + line)
  process.stdout.write(`${packed.join("")}0000`)
}

/** git's packet lines up to the packet that ends a part. */
function readPart(): string[] {
  const lines: string[] = []
  for (;;) {
    const length = Number.parseInt(read(4).toString(), 16)
    if (!(length >= 4)) return lines
    lines.push(read(length - 4).toString())
  }
}

/** Fewer only where git has gone. */
function read(count: number): Buffer {
  const bytes = Buffer.alloc(count)
  let have = 0
  while (have < count) {
    const got = readSync(0, bytes, have, count - have, null)
    if (got === 0) break
    have += got
  }
  return bytes.subarray(0, have)
}

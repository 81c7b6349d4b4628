// The git repository that code is pushed to, and the hook that makes a push a release. Made at each start, so that it
// always calls the conveyor that runs.
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { chmod, mkdir, writeFile } from "node:fs/promises"
import { extname, join } from "node:path"
import { promisify } from "node:util"
import { makeStateDirectory } from "./state-directory.ts"
import type { StateDirectory } from "./state-directory.ts"

const execute = promisify(execFile)

/** The branch whose pushes are released. */
const branch = "main"

export async function prepareRepository(state: StateDirectory, cliCommands: string): Promise<void> {
  if (!existsSync(join(state.repository, "HEAD"))) {
    await makeStateDirectory(state)
    await execute("git", ["init", "--quiet", "--bare", `--initial-branch=${branch}`, state.repository])
  }
  const main = join(cliCommands, "..", `main${extname(import.meta.filename)}`)
  const hook = join(state.repository, "hooks", "post-receive")
  await mkdir(join(state.repository, "hooks"), { recursive: true })
  await writeFile(hook, postReceive([process.execPath, "--disable-warning=ExperimentalWarning", main]))
  await chmod(hook, 0o755)
}

// Git gives hooks its own environment; the release must not inherit it. The state directory is the one that the repository
// is in, also where both were moved or copied.
function postReceive(conveyor: readonly string[]): string {
  const command = conveyor.map(quoted).join(" ")
  return `#!/bin/sh
unset GIT_DIR GIT_QUARANTINE_PATH
state=$(cd .. && pwd -P)
while read -r old new ref; do
  case "$ref" in
    refs/heads/${branch})
      case "$new" in *[!0]*) ${command} --state "$state" release --branch ${branch} "$new" || echo "conveyor: the commit is here, but it was not promoted; see above." ;; esac ;;
    *) echo "conveyor: $ref is stored; only ${branch} is released." ;;
  esac
done
`
}

const quoted = (word: string) => `'${word.replaceAll("'", String.raw`'\''`)}'`

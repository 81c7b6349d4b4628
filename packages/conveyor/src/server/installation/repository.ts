// The git repository that code is pushed to, and the hooks that make a push a release. Made at each start, so that it
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
  const own = extname(import.meta.filename)
  const [main, receive] = [join(cliCommands, "..", `main${own}`), join(import.meta.dirname, `proc-receive${own}`)]
  const node = [process.execPath, "--disable-warning=ExperimentalWarning"]
  const words = (argv: readonly string[]) => argv.map(quoted).join(" ")
  // The state directory is the one that the repository is in, also where both were moved or copied.
  const command = `${words([...node, receive, ...node, main])} --state "$(cd .. && pwd -P)" ${words(["release", "--branch", branch, "--reason", "git push"])}`
  const hooks = join(state.repository, "hooks")
  await mkdir(hooks, { recursive: true })
  await writeHook(join(hooks, "proc-receive"), `exec ${command}`)
  await writeHook(join(hooks, "post-receive"), saysWhatIsOnlyStored)
  // New and moved, and not deleted: a branch that is deleted is nobody's release.
  await execute("git", ["-C", state.repository, "config", "receive.procReceiveRefs", `am:refs/heads/${branch}`])
}

async function writeHook(file: string, body: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${body}\n`)
  await chmod(file, 0o755)
}

const saysWhatIsOnlyStored = `while read -r old new ref; do
  case "$ref" in refs/heads/${branch}) ;; *) echo "conveyor: $ref is stored; only ${branch} is released." ;; esac
done`

const quoted = (word: string) => `'${word.replaceAll("'", String.raw`'\''`)}'`

// Artifacts as directories: `git archive` of the commit, the build command run in it, then one rename to its name.
// A directory that has its name is complete; a build that was killed leaves only one with a temporary name.
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { cp, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { ConveyorError } from "../../kernel/errors.ts"
import type { Artifact, Builder, CommandRun } from "../builder.ts"
import { runCommand } from "./command.ts"

const execute = promisify(execFile)

export interface DirectoryBuilderOptions {
  /** A git directory, bare or not. */
  repository: string
  /** Where artifacts are kept. */
  artifacts: string
}

const unfinishedPrefix = "unfinished-"
const scratchPrefix = "scratch-"

/** Takes away what a builder that was killed has left half-way. Called while no other builder works there. */
export async function clearUnfinished(artifacts: string): Promise<void> {
  if (!existsSync(artifacts)) return
  const left = (await readdir(artifacts)).filter((name) => name.startsWith(unfinishedPrefix) || name.startsWith(scratchPrefix))
  await Promise.all(left.map((name) => rm(join(artifacts, name), { recursive: true, force: true, maxRetries: 3 })))
}

export function createDirectoryBuilder({ repository, artifacts }: DirectoryBuilderOptions): Builder {
  const git = async (...argv: string[]) => (await execute("git", ["--git-dir", repository, ...argv], { maxBuffer: 64 << 20 })).stdout

  return {
    async resolve(revision) {
      try {
        const [commit = "", subject = ""] = (await git("log", "-1", "--format=%H%n%s", "--end-of-options", revision)).split("\n")
        return { commit, subject }
      } catch (cause) {
        throw new ConveyorError("no-such-commit", `the repository has no commit "${revision}"`, {
          facts: { revision, repository },
          hint: "Push it first: git push conveyor main",
          cause,
        })
      }
    },

    async readFile(commit, path) {
      try {
        return await git("show", `${commit}:${path}`)
      } catch {
        return undefined
      }
    },

    async listFiles(commit, folder) {
      const paths = (await git("ls-tree", "--name-only", commit, `${folder.replace(/\/+$/, "")}/`)).split("\n")
      return paths.filter((path) => path !== "").map((path) => path.slice(path.lastIndexOf("/") + 1))
    },

    async build(commit, { command, ...run }) {
      const tree = (await git("rev-parse", `${commit}^{tree}`)).trim()
      const id = createHash("sha256")
        .update(`${tree}\n${command ?? ""}\n${process.version}`)
        .digest("hex")
        .slice(0, 16)
      const directory = join(artifacts, id)
      if (existsSync(directory)) return { id, directory }

      await mkdir(artifacts, { recursive: true })
      const unfinished = await mkdtemp(join(artifacts, unfinishedPrefix))
      try {
        await unpack(repository, commit, unfinished, run)
        if (command !== undefined) await runCommand(unfinished, { command, ...run })
        await rename(unfinished, directory)
      } finally {
        await rm(unfinished, { recursive: true, force: true })
      }
      return { id, directory }
    },

    async runIn(artifact: Artifact, run: CommandRun) {
      const aside = await mkdtemp(join(artifacts, scratchPrefix))
      try {
        await cp(artifact.directory, aside, { recursive: true, verbatimSymlinks: true })
        await runCommand(aside, run)
      } finally {
        await rm(aside, { recursive: true, force: true })
      }
    },
  }
}

function unpack(repository: string, commit: string, into: string, run: Omit<CommandRun, "command">): Promise<void> {
  const command = 'git --git-dir "$REPOSITORY" archive --format=tar "$COMMIT" | tar -x -f -'
  return runCommand(into, { ...run, command, environment: { REPOSITORY: repository, COMMIT: commit } })
}

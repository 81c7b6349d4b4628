// Artifacts as directories: the commit checked out, the build command run in it, then one rename to its name.
// A directory that has its name is complete; a build that was killed leaves only one with a temporary name.
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { cp, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises"
import { basename, join, resolve } from "node:path"
import type { Clock } from "../../kernel/time/clock.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import type { ArtifactRef } from "../../kernel/artifact.ts"
import type { Builder, CommandRun } from "../builder.ts"
import { Cages } from "./cage/cage.ts"
import { checkOut } from "./checkout.ts"
import { runCommand } from "./command/command.ts"
import { compileCacheOf, forgetCompiled, passCompiled } from "./compile-cache.ts"
import { CommitFiles } from "./commit-files.ts"
import { git } from "./git.ts"

export interface DirectoryBuilderOptions {
  /** A git directory, bare or not. */
  repository: string
  /** Where artifacts are kept. */
  artifacts: string
  /** Where the whole output of builds and tests goes, a file for each artifact. */
  logs: string
  clock: Clock
}

/** What this builder makes, and the process runtime starts. */
const kind = "directory"

const unfinishedPrefix = "unfinished-"
const scratchPrefix = "scratch-"

/** Ends and takes away what a builder that was killed has left half-way. Called while no other builder works there. */
export async function clearUnfinished(artifacts: string, clock: Clock): Promise<void> {
  await new Cages(resolve(artifacts)).clearAll(clock)
  if (!existsSync(artifacts)) return
  const left = (await readdir(artifacts)).filter((name) => name.startsWith(unfinishedPrefix) || name.startsWith(scratchPrefix))
  await Promise.all(left.map((name) => rm(join(artifacts, name), { recursive: true, force: true, maxRetries: 3 })))
}

export function createDirectoryBuilder({ repository, artifacts, logs, clock }: DirectoryBuilderOptions): Builder {
  const files = new CommitFiles(repository)
  const cages = new Cages(resolve(artifacts))

  /** What the newest tested commit has compiled: most of it is the next one's too. */
  const compiled = join(artifacts, "compiled")
  const runThere = (directory: string, run: CommandRun, log: string) =>
    runCommand(run, { directory, cages, cage: basename(directory), logFile: join(logs, `${log}.log`), clock })

  return {
    async resolve(revision) {
      try {
        const [commit = "", subject = ""] = (await git(repository, ["log", "-1", "--format=%H%n%s", "--end-of-options", revision])).split(
          "\n",
        )
        return { commit, subject }
      } catch (cause) {
        throw new ConveyorError("no-such-commit", `the repository has no commit "${revision}"`, {
          facts: { revision, repository },
          hint: "Push it first: git push conveyor main",
          cause,
        })
      }
    },

    readFile: (commit, path) => files.readFile(commit, path),
    listFiles: (commit, folder) => files.listFiles(commit, folder),

    async build(commit, { command, ...run }) {
      // A build is told its commit, and may write it into what it builds: another commit of the same tree is another artifact.
      const id = createHash("sha256")
        .update(`${commit}\n${command ?? ""}\n${process.version}`)
        .digest("hex")
        .slice(0, 16)
      const directory = join(artifacts, id)
      const artifact = { id, kind, ref: directory }
      if (existsSync(directory)) return artifact

      await mkdir(artifacts, { recursive: true })
      const unfinished = await mkdtemp(join(artifacts, unfinishedPrefix))
      try {
        await checkOut(repository, commit, unfinished, run.signal)
        if (command !== undefined) await runThere(unfinished, { command, ...run }, `build-${id}`)
        await passCompiled(compiled, unfinished)
        await rename(unfinished, directory)
      } finally {
        await rm(unfinished, { recursive: true, force: true })
      }
      return artifact
    },

    async runIn(artifact: ArtifactRef, run: CommandRun) {
      const aside = await mkdtemp(join(artifacts, scratchPrefix))
      try {
        await cp(artifact.ref, aside, { recursive: true, verbatimSymlinks: true })
        await runThere(aside, { ...run, environment: { ...compileCacheOf(aside), ...run.environment } }, `test-${artifact.id}`)
        await passCompiled(aside, artifact.ref)
        await forgetCompiled(compiled)
        await passCompiled(aside, compiled)
      } finally {
        await rm(aside, { recursive: true, force: true })
      }
    },
  }
}

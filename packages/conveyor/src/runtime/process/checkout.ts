// The commit as its checkout would be, in a directory of its own: every file, mode and link, whatever `export-ignore`
// says. What a checkout here could not have (submodules, Git LFS, filters that are not set up) is an error, never a
// directory that lacks it. Called by the directory builder.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { git } from "./git.ts"

const shown = 5

/** @throws ConveyorError "has-submodules", "filter-missing", "git-failed" */
export async function checkOut(repository: string, commit: string, into: string, signal: AbortSignal): Promise<void> {
  await refuseSubmodules(repository, commit)
  const aside = await mkdtemp(join(tmpdir(), "conveyor-index-"))
  try {
    // The repository's own index, where it has one, is somebody's work.
    const environment = { GIT_INDEX_FILE: join(aside, "index"), GIT_WORK_TREE: into }
    await git(repository, ["read-tree", commit], { environment, signal })
    await refuseFilters(repository, commit, environment)
    await git(repository, ["checkout-index", "--all", "--force"], { environment, signal })
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

async function refuseSubmodules(repository: string, commit: string): Promise<void> {
  const entries = (await git(repository, ["ls-tree", "-r", "-z", commit])).split("\0")
  const paths = entries.filter((entry) => entry.startsWith("160000 ")).map((entry) => entry.slice(entry.indexOf("\t") + 1))
  if (paths.length === 0) return
  throw new ConveyorError("has-submodules", `commit ${commit.slice(0, 8)} has submodules, whose files were not pushed: ${list(paths)}`, {
    facts: { commit, paths },
    hint: "Commit the files themselves (git subtree), or fetch them in the build command.",
  })
}

/** A file that passes a filter on its way into a work tree is not the commit's without it. */
async function refuseFilters(repository: string, commit: string, environment: Readonly<Record<string, string>>): Promise<void> {
  for (const [filter, paths] of await filteredPaths(repository, environment)) {
    const smudge = await git(repository, ["config", "--default", "", "--get", `filter.${filter}.smudge`])
    if (smudge.trim() !== "") continue
    const what = filter === "lfs" ? "are kept in Git LFS: the commit has only pointers" : `want the filter "${filter}", which is not set up`
    throw new ConveyorError("filter-missing", `files of commit ${commit.slice(0, 8)} ${what}: ${list(paths)}`, {
      facts: { commit, filter, paths: paths.slice(0, 100) },
      hint:
        filter === "lfs"
          ? "Commit the files themselves (git lfs untrack), or fetch them in the build command from where they are kept."
          : `Set filter.${filter}.smudge in ${repository}, or take the attribute away.`,
    })
  }
}

async function filteredPaths(repository: string, environment: Readonly<Record<string, string>>): Promise<Map<string, string[]>> {
  const input = await git(repository, ["ls-files", "-z"], { environment })
  const answer = (await git(repository, ["check-attr", "--cached", "--stdin", "-z", "filter"], { environment, input })).split("\0")
  const found = new Map<string, string[]>()
  for (let i = 0; i + 2 < answer.length; i += 3) {
    const [path = "", filter = ""] = [answer[i], answer[i + 2]]
    if (filter === "unspecified" || filter === "unset" || filter === "set") continue
    found.set(filter, [...(found.get(filter) ?? []), path])
  }
  return found
}

const list = (paths: readonly string[]) =>
  `${paths.slice(0, shown).join(", ")}${paths.length > shown ? ` and ${paths.length - shown} more` : ""}`

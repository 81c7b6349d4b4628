import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { promisify } from "node:util"
import { prepareRepository } from "./repository.ts"
import { stateDirectory } from "./state-directory.ts"

const execute = promisify(execFile)

interface Remote {
  /** Gives what the far side says. */
  push: (...refspecs: string[]) => Promise<string>
  commit: (subject: string) => Promise<string>
  /** The command lines that the hook ran, without the program. */
  asked: () => Promise<string[]>
}

/** A repository to push from, and the conveyor's; the command that its hook calls notes how it was called, and ends with `code`. */
async function withRemote(code: number, body: (remote: Remote) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "conveyor repository's "))
  try {
    const [work, commands, notes] = [join(folder, "work"), join(folder, "cli", "commands"), join(folder, "notes")]
    const state = stateDirectory(join(folder, "state"))
    await mkdir(commands, { recursive: true })
    await writeFile(
      join(folder, "cli", "main.ts"),
      `import { appendFileSync } from "node:fs"
appendFileSync(${JSON.stringify(notes)}, JSON.stringify({ argv: process.argv.slice(2), git: process.env.GIT_DIR ?? "none" }) + "\\n")
console.error("the release says no")
process.exitCode = ${code}
`,
    )
    // A second time changes nothing: it is done at every start.
    await prepareRepository(state, commands)
    await prepareRepository(state, commands)

    await execute("git", ["init", "--quiet", "--initial-branch=main", work])
    const git = async (...argv: string[]) =>
      execute("git", ["-C", work, "-c", "user.name=Test", "-c", "user.email=test@example.org", ...argv])
    await body({
      push: async (...refspecs) => {
        const pushed = git("push", state.repository, ...refspecs).catch((thrown: { stderr: string; code: number }) => thrown)
        const { stderr, ...rest } = await pushed
        return `${stderr.replaceAll(/^remote: ?/gm, "")}exit code ${"code" in rest ? rest.code : 0}`
      },
      commit: async (subject) => {
        await git("commit", "--quiet", "--allow-empty", "-m", subject)
        return (await git("rev-parse", "HEAD")).stdout.trim()
      },
      asked: async () => {
        const lines = (await readFile(notes, "utf8").catch(() => "")).trimEnd()
        return lines === "" ? [] : lines.split("\n")
      },
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}

test("a push to main asks for a release of exactly that commit, free of git's own environment", () =>
  withRemote(0, async ({ push, commit, asked }) => {
    const pushed = await commit("Roses")
    await push("main")
    const [line = ""] = await asked()
    const { argv, git } = JSON.parse(line) as { argv: string[]; git: string }
    assert.equal(argv[0], "--state")
    assert.deepEqual(argv.slice(2), ["release", "--branch", "main", "--reason", "git push", pushed])
    assert.equal(git, "none")
  }))

test("another branch is stored and not released, a deleted one neither", () =>
  withRemote(0, async ({ push, commit, asked }) => {
    await commit("Roses")
    assert.match(await push("main:draft"), /refs\/heads\/draft is stored; only main is released/)
    await push(":draft")
    assert.deepEqual(await asked(), [])
  }))

test("several branches in one push release main once", () =>
  withRemote(0, async ({ push, commit, asked }) => {
    await commit("Roses")
    await push("main:draft", "main", "main:another")
    assert.equal((await asked()).length, 1)
  }))

test("where the release is not done the push fails, and the same push again is a release again, and never up to date", () =>
  withRemote(1, async ({ push, commit, asked }) => {
    await commit("Roses")
    for (const times of [1, 2]) {
      const told = await push("main")
      assert.match(told, /the release says no/)
      assert.match(told, /remote rejected.*not promoted; see above, mend it and push again/)
      assert.match(told, /exit code 1$/)
      assert.equal((await asked()).length, times)
    }
    await commit("Tulips")
    await push("main")
    assert.equal((await asked()).length, 3)
  }))

test("where the release is done the push succeeds, and moves the branch", () =>
  withRemote(0, async ({ push, commit }) => {
    for (const subject of ["Roses", "Tulips"]) {
      await commit(subject)
      assert.match(await push("main"), /exit code 0$/)
    }
    assert.match(await push("main"), /up-to-date/)
  }))

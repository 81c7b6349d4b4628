import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { test } from "node:test"
import { findControlPlane, makeStateDirectory, stateDirectory } from "./state-directory.ts"

async function inWorkTree(body: (tree: string, toBeAdded: () => string[]) => Promise<void>): Promise<void> {
  const tree = await mkdtemp(join(tmpdir(), "conveyor-state-"))
  const git = (...argv: string[]) => execFileSync("git", argv, { cwd: tree, encoding: "utf8" })
  try {
    git("init", "--quiet")
    await writeFile(join(tree, "conveyor.yml"), "name: shop\n")
    await body(tree, () => git("add", "--all", "--dry-run").split("\n").filter(Boolean))
  } finally {
    await rm(tree, { recursive: true })
  }
}

test("git takes nothing of a state directory along, whatever is added; one from before is hidden too", () =>
  inWorkTree(async (tree, toBeAdded) => {
    const state = stateDirectory(join(tree, ".conveyor"))
    await makeStateDirectory(state)
    await writeFile(state.control, "a token")
    assert.deepEqual(toBeAdded(), ["add 'conveyor.yml'"])

    const older = stateDirectory(join(tree, "older"))
    await mkdir(older.root)
    await writeFile(older.database, "")
    await makeStateDirectory(older)
    await makeStateDirectory(older)
    assert.deepEqual(toBeAdded(), ["add 'conveyor.yml'"])
  }))

test("where no state can be, that is told with what to do", () =>
  inWorkTree(async (tree) => {
    for (const place of ["conveyor.yml", "conveyor.yml/state", "/proc/state/of/it"]) {
      await assert.rejects(makeStateDirectory(stateDirectory(resolve(tree, place))), { code: "bad-options", hint: /--state <directory>/ })
    }
  }))

test("what lies there already and is no state is not hidden from git, and a .gitignore of a person's stays", () =>
  inWorkTree(async (tree, toBeAdded) => {
    await makeStateDirectory(stateDirectory(tree))
    assert.deepEqual(toBeAdded(), ["add 'conveyor.yml'"])
    assert.ok(!(await readdir(tree)).includes(".gitignore"))

    const state = stateDirectory(join(tree, "own"))
    await mkdir(state.root)
    await Promise.all([writeFile(state.database, ""), writeFile(join(state.root, ".gitignore"), "logs\n")])
    await makeStateDirectory(state)
    assert.equal(await readFile(join(state.root, ".gitignore"), "utf8"), "logs\n")
  }))

test("where nobody can say whether a control plane runs, that is not taken for none", () =>
  inWorkTree(async (tree) => {
    const state = stateDirectory(join(tree, "state"))
    await makeStateDirectory(state)
    assert.equal(await findControlPlane(state), undefined)
    for (const text of ["", "{", "{}", "[]", '{"url": 5}']) {
      await writeFile(state.control, text)
      await assert.rejects(findControlPlane(state), { code: "bad-state", hint: /Remove it and run conveyor up/ })
    }
    await rm(state.control)
    await mkdir(state.control)
    await assert.rejects(findControlPlane(state), { code: "not-reachable" })
  }))

import assert from "node:assert/strict"
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { test } from "node:test"
import { identify } from "../../kernel/process/process-identity.ts"
import { claimState, isOwn } from "./installation.ts"
import { findControlPlane, makeStateDirectory, stateDirectory } from "./state-directory.ts"
import type { StateDirectory } from "./state-directory.ts"

/** A state directory in which this very process is recorded as the control plane, and one copy. */
async function withInstallation(body: (folder: string, state: ReturnType<typeof stateDirectory>) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "conveyor-claim-"))
  try {
    const state = stateDirectory(join(folder, "state"))
    await makeStateDirectory(state)
    await claimState(state)
    await writeFile(
      state.control,
      JSON.stringify({
        url: "http://127.0.0.1:1",
        token: "t",
        identity: identify(process.pid),
        edge: "http://127.0.0.1:2",
        configFile: "c",
      }),
    )
    await mkdir(join(state.runtime, "copies"), { recursive: true })
    await writeFile(join(state.runtime, "copies", "v1-web-0.json"), "{}")
    await body(folder, state)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function leaseOf({ database }: StateDirectory): unknown {
  const opened = new DatabaseSync(database)
  try {
    return { ...opened.prepare("SELECT token, pid FROM lease").get() }
  } finally {
    opened.close()
  }
}

test("a copy of a state directory finds no control plane and no copy, and is an installation of its own from then on", () =>
  withInstallation(async (folder, state) => {
    const copy = stateDirectory(join(folder, "backup"))
    await cp(state.root, copy.root, { recursive: true, preserveTimestamps: true })
    assert.equal(await findControlPlane(copy), undefined)
    assert.deepEqual(await claimState(copy), { was: "copied", from: state.root })
    assert.deepEqual(await readdir(copy.runtime), [])
    assert.deepEqual(await claimState(copy), { was: "own" })

    assert.equal((await findControlPlane(state))?.identity.pid, process.pid, "the original is as it was")
    assert.deepEqual(await claimState(state), { was: "own" })
    assert.deepEqual(await readdir(join(state.runtime, "copies")), ["v1-web-0.json"])
  }))

test("a copy's lease is held by nobody, though the original's control plane lives, and its fence goes on", () =>
  withInstallation(async (folder, state) => {
    const fence = 7
    const database = new DatabaseSync(state.database)
    database.exec("CREATE TABLE lease (token INTEGER, pid INTEGER, start_time TEXT)")
    database.prepare("INSERT INTO lease VALUES (?, ?, 'now')").run(fence, process.pid)
    database.close()
    const copy = stateDirectory(join(folder, "backup"))
    await cp(state.root, copy.root, { recursive: true })
    await claimState(copy)
    assert.deepEqual(leaseOf(copy), { token: fence, pid: 0 })
    assert.deepEqual(leaseOf(state), { token: fence, pid: process.pid })
  }))

test("a copy that took the original's name is still a copy, and the original under another name is still itself", () =>
  withInstallation(async (folder, state) => {
    await rename(state.root, join(folder, "aside"))
    await cp(join(folder, "aside"), state.root, { recursive: true })
    assert.equal(await isOwn(state), false)
    assert.equal(await isOwn(stateDirectory(join(folder, "aside"))), true)
    assert.deepEqual(await claimState(stateDirectory(join(folder, "aside"))), { was: "own" })
  }))

test("the directory is its owner's alone, also where an earlier Conveyor left it open, and git takes nothing of it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "conveyor-claim-"))
  try {
    const state = stateDirectory(folder)
    await writeFile(state.database, "", { mode: 0o644 })
    await claimState(state)
    assert.equal((await stat(state.root)).mode & 0o777, 0o700)
    for (const name of await readdir(state.root)) assert.equal((await stat(join(state.root, name))).mode & 0o077, 0, name)
    await makeStateDirectory(state)
    assert.match(await readFile(join(state.root, ".gitignore"), "utf8"), /^\*$/m)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test("a record that cannot be read is an error that says what to do, and nothing is forgotten", () =>
  withInstallation(async (_, state) => {
    await writeFile(join(state.root, "installation.json"), "{")
    await assert.rejects(claimState(state), { code: "bad-state" })
    assert.deepEqual(await readdir(join(state.runtime, "copies")), ["v1-web-0.json"])
  }))

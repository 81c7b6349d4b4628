import assert from "node:assert/strict"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { layOut } from "./history.ts"
import type { HistoryVersion } from "./history.ts"

test("each version can be built by itself: its lock file names what its workspaces ask for, and no place to get it from", async () => {
  for (const version of ["v1", "v2", "v3"] as const) {
    await using tree = await laidOut(version)
    const text = await readFile(join(tree.folder, "package-lock.json"), "utf8")
    const lock = JSON.parse(text) as { packages: Record<string, Package> }
    assert.doesNotMatch(text, /"resolved": "http/)
    for (const workspace of ["", "bank", "catalog", "gateway", "kit", "loyalty", "orders", "payments", "reports", "staff", "stock"]) {
      const asked = JSON.parse(await readFile(join(tree.folder, workspace, "package.json"), "utf8")) as Package
      assert.deepEqual(dependenciesOf(lock.packages[workspace]), dependenciesOf(asked), `${version}: ${workspace}`)
    }
  }
})

test("the versions differ in few files, and the change comes with the version that needs it", async () => {
  await using one = await laidOut("v1")
  await using two = await laidOut("v2")
  await using three = await laidOut("v3")
  assert.deepEqual(await differences(one.folder, two.folder), [
    "changes/0010-payment-rows.yml",
    "payments/src/payment-store.test.ts",
    "payments/src/payment-store.ts",
  ])
  assert.deepEqual(await differences(two.folder, three.folder), ["payments/src/summary.test.ts", "payments/src/summary.ts"])
})

test("a folder is made to hold one version only, and its history stays", async () => {
  await using tree = await laidOut("v2")
  await mkdir(join(tree.folder, ".git"))
  await writeFile(join(tree.folder, ".git/HEAD"), "kept")
  await writeFile(join(tree.folder, "left-over.txt"), "")
  await layOut("v1", tree.folder)
  assert.equal(existsSync(join(tree.folder, ".git/HEAD")), true)
  for (const gone of ["left-over.txt", "delete.txt", "changes/0010-payment-rows.yml"])
    assert.equal(existsSync(join(tree.folder, gone)), false)
})

interface Package {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

function dependenciesOf({ dependencies = {}, devDependencies = {} }: Package = {}): object {
  return { dependencies, devDependencies }
}

async function laidOut(version: HistoryVersion): Promise<AsyncDisposable & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "florist-history-"))
  await layOut(version, folder)
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

/** Files that are not the same in both folders, or in one of them only. */
async function differences(one: string, other: string): Promise<string[]> {
  const [inOne, inOther] = await Promise.all([textsOf(one), textsOf(other)])
  const names = new Set([...inOne.keys(), ...inOther.keys()])
  return [...names].filter((name) => inOne.get(name) !== inOther.get(name)).sort()
}

async function textsOf(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(await Promise.all(files.map(async (file) => [file.slice(folder.length + 1), await readFile(file, "utf8")] as const)))
}

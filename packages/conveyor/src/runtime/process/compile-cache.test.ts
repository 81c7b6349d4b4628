import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { compileCacheOf, passCompiled } from "./compile-cache.ts"

const code = `export const answer: number = ${Array.from({ length: 200 }, (_, i) => `((n: number) => n + ${i})(`).join("")}0${")".repeat(200)}\n`

/** What Node says of its cache while it runs the tree's program. */
function run(tree: string): string {
  const env = { PATH: process.env["PATH"] ?? "", NODE_DEBUG_NATIVE: "COMPILE_CACHE", ...compileCacheOf(tree) }
  const { stderr, status } = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", join(tree, "main.ts")], {
    env,
    encoding: "utf8",
  })
  assert.equal(status, 0, stderr)
  return stderr
}

async function treeWith(folder: string, name: string, text = code): Promise<string> {
  const tree = join(folder, name)
  await mkdir(tree)
  await writeFile(join(tree, "lib.ts"), text)
  await writeFile(join(tree, "main.ts"), "import { answer } from './lib.ts'\nif (answer === 1) process.exit(1)\n")
  return tree
}

test("what one tree has compiled another takes, but of code that changed nothing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "conveyor-compiled-"))
  try {
    const [first, same, changed] = [
      await treeWith(folder, "first"),
      await treeWith(folder, "same"),
      await treeWith(folder, "changed", `${code}// changed\n`),
    ]
    const isTaken = (said: string) => /lib\.ts was accepted/.test(said)
    assert.equal(isTaken(run(first)), false)
    await passCompiled(first, same)
    await passCompiled(first, changed)
    assert.equal(isTaken(run(same)), true)
    assert.equal(isTaken(run(changed)), false)
    await passCompiled(join(folder, "nowhere"), same)
  } finally {
    await rm(folder, { recursive: true })
  }
})

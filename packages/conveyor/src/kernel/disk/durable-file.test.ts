import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { writeDurably } from "./durable-file.ts"

let folder = ""
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "conveyor-durable-"))
})
after(() => rm(folder, { recursive: true }))

test("the new content replaces the old, with the mode that was asked for", async () => {
  const file = join(folder, "token")
  await writeDurably(file, "first, and longer")
  await writeDurably(file, "second", 0o600)
  assert.equal(await readFile(file, "utf8"), "second")
  assert.equal((await stat(file)).mode & 0o777, 0o600)
})

test("a file that cannot be written leaves the old one as it was", async () => {
  const file = join(folder, "missing", "table")
  await assert.rejects(writeDurably(file, "x"), /ENOENT/)
})

test("no reader ever sees half a content, while the writer lives and after it was killed at any moment", async () => {
  const file = join(folder, "table")
  const size = 2_000_000
  const isWhole = async () => {
    const content = await readFile(file, "utf8")
    assert.ok(content === (content[0] ?? "").repeat(size), `one content, whole: ${content.length} of ${size} characters`)
  }
  await writeDurably(file, "0".repeat(size))
  const writer = `
    import { writeDurably } from ${JSON.stringify(join(import.meta.dirname, "durable-file.ts"))}
    for (let n = 0; ; n = (n + 1) % 10) {
      await writeDurably(${JSON.stringify(file)}, String(n).repeat(${size}))
      process.stdout.write(".")
    }`
  for (let kill = 0; kill < 8; kill++) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", writer], { stdio: ["ignore", "pipe", "inherit"] })
    const gone = once(child, "exit")
    await once(child.stdout, "data")
    for (let read = 0; read < 10; read++) await isWhole()
    await sleep(kill * 1.7)
    child.kill("SIGKILL")
    await gone
    await isWhole()
  }
  await writeDurably(file, "after it all")
  assert.equal(await readFile(file, "utf8"), "after it all")
})

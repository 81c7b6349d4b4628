import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { test } from "node:test"
import pg from "pg"
import { startPostgres } from "./postgres.ts"

test("a server keeps committed rows through kill -9, and leaves nothing behind after stop", async () => {
  const server = await startPostgres({ databases: ["shop"] })
  try {
    const before = new pg.Client({ connectionString: server.url("shop") })
    before.on("error", () => {})
    await before.connect()
    await before.query("CREATE TABLE rose (id int); INSERT INTO rose VALUES (7)")
    await server.crash()
    await server.restart()
    const after = new pg.Client({ connectionString: server.url("shop") })
    await after.connect()
    assert.deepEqual((await after.query("SELECT id FROM rose")).rows, [{ id: 7 }])
    await after.end()
  } finally {
    await server.stop()
  }
  assert.equal(existsSync(server.dataDirectory), false)
})

test("a server whose starter is killed shuts down by itself and takes its files with it", async () => {
  const postgres = join(import.meta.dirname, "postgres.ts")
  const program = `const { startPostgres } = await import(${JSON.stringify(postgres)})
    const { pid, dataDirectory } = await startPostgres()
    console.log(JSON.stringify({ pid, dataDirectory }))`
  const starter = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] })
  const [line] = (await once(starter.stdout, "data")) as [Buffer]
  const { pid, dataDirectory } = JSON.parse(line.toString()) as { pid: number; dataDirectory: string }
  starter.kill("SIGKILL")
  while (isRunning(pid) || existsSync(dirname(dataDirectory))) await new Promise((resolve) => setTimeout(resolve, 20))
})

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

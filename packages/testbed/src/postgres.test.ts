import assert from "node:assert/strict"
import { existsSync } from "node:fs"
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

// A whole installation with one shard out of reach: what needs nothing of it goes on and names it, what would need it says
// what it cannot know, and nothing is taken away.
import assert from "node:assert/strict"
import { createServer, connect } from "node:net"
import type { AddressInfo, Server, Socket } from "node:net"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { after, before, test } from "node:test"
import pg from "pg"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import type { RunReport } from "../src/server/protocol/runs.ts"
import { Installation } from "./installation.ts"

const change = `summary: Prices in kopecks
operations:
  - derive_columns:
      table: public.flower
      from: { price: "numeric(12,2)" }
      to: { kopecks: { type: bigint, nullable: false } }
      up: { kopecks: "(price * 100)::bigint" }
      down: { price: "(kopecks / 100.0)::numeric(12, 2)" }
`

/** A way to a server that can be cut and mended. */
class Line {
  readonly #sockets = new Set<Socket>()
  readonly #port: number
  #server: Server | undefined
  port = 0

  constructor(port: number) {
    this.#port = port
  }

  async mend(): Promise<void> {
    const server = createServer((from) => {
      const to = connect(this.#port, "127.0.0.1")
      for (const socket of [from, to]) {
        this.#sockets.add(socket)
        socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket))
      }
      from.pipe(to).pipe(from)
    })
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve))
    this.port = (server.address() as AddressInfo).port
    this.#server = server
  }

  cut(): void {
    this.#server?.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

let server: PostgresServer
let installation: Installation
let line: Line

before(async () => {
  server = await startPostgres({ databases: ["one", "two"] })
  for (const database of ["one", "two"]) {
    const client = new pg.Client({ connectionString: server.url(database) })
    await client.connect()
    await client.query("CREATE EXTENSION pg_stat_statements; CREATE TABLE flower (id bigint PRIMARY KEY, price numeric(12, 2) NOT NULL)")
    await client.query("INSERT INTO flower SELECT n, n FROM generate_series(1, 500) n")
    await client.end()
  }
  const two = new URL(server.url("two"))
  line = new Line(Number(two.port))
  await line.mend()
  two.hostname = "127.0.0.1"
  two.port = String(line.port)
  installation = await Installation.start({ urls: { "shop-1": server.url("one"), "shop-2": two.href } })
  const config = await readFile(join(installation.repository, "conveyor.yml"), "utf8")
  await installation.write("conveyor.yml", config.replace(/bake: \{[^}]*\}/, "bake: { for: 100ms, at_least: 0, at_most: 1s }"))
})
after(async () => {
  line.cut()
  await installation.end()
  await server.stop()
})

test("where at_least is 0, a site that nobody uses promotes what it releases, a change of the schema too", async () => {
  assert.match(await installation.push("The first"), /serves all new pages/)
  await installation.write("changes/0001-kopecks.yml", change)
  assert.match(await installation.push("Kopecks"), /serves all new pages/)
})

test("with a shard out of reach a rollback that needs nothing of it goes, and the shard is named", async () => {
  line.cut()
  const back = JSON.parse(await installation.must("--json", "rollback")) as RunReport
  assert.deepEqual([back.version, back.state], ["v1", "promoted"])
  const start = back.steps.find(({ name }) => name === "start")
  assert.equal(start?.facts?.["reason"], "shop-2 does not answer; v1 needs nothing of it")
})

const namedInStatus = async (): Promise<string[]> =>
  (await installation.status()).unknown.map((lineOf) => / on (\S+) is not known/.exec(lineOf)?.[1] ?? lineOf)

test("status, change status and plan answer, and say what they cannot know", async () => {
  assert.deepEqual(await namedInStatus(), ["shop-2"])
  assert.match(await installation.must("status"), /how far changes are on shop-2 is not known/)
  assert.match(await installation.must("change", "status"), /0001-kopecks +ready +old columns kept for rollback[^]*shop-2 .*unknown/)
  assert.match(await installation.must("plan", "v2"), /backfill +unknown while a shard does not answer: .*shop-2/)
})

test("what would take something away is not done, and the shard that is out of reach loses nothing", async () => {
  const { code, out, error } = await installation.run("change", "abort", "0001-kopecks")
  assert.equal(code, 12, out + error)
})

test("when the shard is back, the release goes forward again", async () => {
  await line.mend()
  assert.match(await installation.must("release", "v2"), /v2 serves all new pages/)
  assert.deepEqual((await installation.status()).unknown, [])
})

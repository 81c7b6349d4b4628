import { after, before, test } from "node:test"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import { surviveKills } from "./testing-faults.ts"

let server: PostgresServer

before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

test("a runner killed with -9 at random moments carries on: no row missed or done twice, no write lost", async () => {
  await surviveKills({ server, database: "runner", rows: 4_000, kills: 6, victim: "runner" })
})

test("PostgreSQL killed with -9 under the runner: the next one carries on, and no acknowledged write is lost", async () => {
  await surviveKills({ server, database: "server", rows: 4_000, kills: 3, victim: "server" })
})

import { test } from "node:test"
import { startPostgres } from "@conveyor/testbed/postgres"
import { surviveKills } from "./testing-faults.ts"

test("two hundred kills of the runner and of PostgreSQL: no row missed or done twice, no write lost", async () => {
  const server = await startPostgres()
  try {
    await surviveKills({ server, database: "runner", rows: 40_000, kills: 150, victim: "runner" })
    await surviveKills({ server, database: "server", rows: 40_000, kills: 50, victim: "server" })
  } finally {
    await server.stop()
  }
})

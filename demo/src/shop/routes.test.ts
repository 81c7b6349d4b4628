import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { test } from "node:test"
import { loadConfig } from "../../../packages/conveyor/src/config/load-config.ts"
import { Routes } from "../../../packages/conveyor/src/edge/routes.ts"
import { routeFinder, routes } from "../../../florist/gateway/src/routes.ts"
import { findService, serviceNames } from "../../../florist/published/src/services.ts"

const file = new URL("../../../florist/conveyor.yml", import.meta.url)
const variables = Object.fromEntries(
  ["FLORIST_DIRECTORY_URL", "FLORIST_SECRET", "FLORIST_BANK", "SHOP_1_URL", "SHOP_2_URL", "SHOP_3_URL", "SHOP_4_URL"].map((name) => [
    name,
    `postgres://${name.toLowerCase()}/x`,
  ]),
)

test("Conveyor's edge takes conveyor.yml as it is, and brings every operation where the gateway brings it", async () => {
  const { services } = loadConfig(await readFile(file, "utf8"), "conveyor.yml", variables)
  const edge = new Routes(Object.entries(services).flatMap(([service, { routes }]) => routes.map((prefix) => ({ prefix, service }))))
  const gateway = routeFinder(routes)
  let asked = 0
  for (const name of serviceNames) {
    const found = await findService(name)
    assert.ok("offered" in found, `${name} can be read`)
    for (const { path } of found.offered) {
      const filled = `/api${path.replaceAll(/\{\w+\}/g, "7")}`
      assert.equal(edge.serviceFor(filled), gateway(filled), filled)
      asked += 1
    }
  }
  assert.ok(asked > 0)
})

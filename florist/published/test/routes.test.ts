import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { test } from "node:test"
import { Routes } from "../../../packages/conveyor/src/edge/routes.ts"
import { loadConfig } from "../../../packages/conveyor/src/config/load-config.ts"
import { routeFinder, routes } from "../../gateway/src/routes.ts"
import { findService, serviceNames } from "../src/services.ts"

const file = new URL("../../conveyor.yml", import.meta.url)
/** Its variables may hold anything here. */
const variables = new Proxy<Record<string, string>>({}, { get: (_, name) => `the value of ${String(name)}` })

interface Offer {
  service: string
  method: string
  path: string
}

async function everyOperation(): Promise<Offer[]> {
  const found = await Promise.all(serviceNames.map((name) => findService(name)))
  return found.flatMap((service) => {
    assert.ok("offered" in service, `${service.name}: ${"problem" in service ? service.problem : ""}`)
    return service.offered.map(({ method, path }) => ({ service: service.name, method, path }))
  })
}

/** As a client asks: every parameter is an id. */
const asked = (path: string) => `/api${path.replaceAll(/\{\w+\}/g, "01966d3e-0000-7000-8000-000000000001")}`

test("every operation is brought to the service that offers it, and nothing is offered twice", async () => {
  const serviceFor = routeFinder(routes)
  const operations = await everyOperation()
  const lost = operations.filter(({ service, path }) => serviceFor(asked(path)) !== service)
  assert.deepEqual(
    lost.map((offer) => ({ ...offer, goesTo: serviceFor(asked(offer.path)) })),
    [],
  )
  const names = operations.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`)
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  )
  for (const service of serviceNames) assert.equal(serviceFor(`/internal/${service}/v1/anything`), service)
})

test("no route can be left out", async () => {
  const operations = await everyOperation()
  for (const [service, patterns] of Object.entries(routes)) {
    for (const pattern of patterns.filter((each) => each !== "/" && !each.startsWith("/internal/"))) {
      const without = routeFinder({ ...routes, [service]: patterns.filter((each) => each !== pattern) })
      const isNeeded = operations.some((offer) => without(asked(offer.path)) !== offer.service)
      assert.ok(isNeeded, `${service} has the route ${pattern}, and every operation finds its service without it`)
    }
  }
})

test("Conveyor's edge is told the same by conveyor.yml, and decides the same", async () => {
  const { services } = loadConfig(await readFile(file, "utf8"), "conveyor.yml", variables)
  const told = Object.fromEntries(Object.entries(services).map(([name, service]) => [name, service.routes.toSorted()]))
  assert.deepEqual(told, Object.fromEntries(Object.entries(routes).map(([name, patterns]) => [name, patterns.toSorted()])))
  const edge = new Routes(Object.entries(services).flatMap(([service, { routes }]) => routes.map((prefix) => ({ prefix, service }))))
  for (const { service, path } of await everyOperation()) assert.equal(edge.serviceFor(asked(path)), service, path)
})

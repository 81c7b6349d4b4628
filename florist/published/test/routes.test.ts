import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { test } from "node:test"
import { parse } from "yaml"
import { z } from "zod"
import { routeFinder, routes } from "../../gateway/src/routes.ts"
import { findService, serviceNames } from "../src/services.ts"

const file = new URL("../../conveyor.yml", import.meta.url)
const conveyorFile = z.object({ services: z.record(z.string(), z.object({ start: z.string(), routes: z.array(z.string()) })) })

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

test("conveyor.yml starts every service, and tells the edge the same table", async () => {
  const { services } = conveyorFile.parse(parse(await readFile(file, "utf8")))
  assert.deepEqual(
    Object.entries(services).map(([name, { start }]) => [name, start]),
    Object.keys(routes).map((name) => [name, `node ${name}/src/main.ts`]),
  )
  for (const [name, { routes: told }] of Object.entries(services)) assert.deepEqual(told, routes[name], name)
})

// The shop's programs in tests: each request and each answer is held against the published API where its file is named. Called by the end-to-end tests.
import { PublishedClient } from "../../../florist/published/src/exchange.ts"
import { findService } from "../../../florist/published/src/services.ts"
import type { Exchange } from "./client.ts"
import { serviceNames } from "./services.ts"

export interface PublishedExchange {
  client: PublishedClient
  exchange: Exchange
  /** While the work goes on a 503 is right: something was taken away. */
  duringOutage<T>(work: () => Promise<T>): Promise<T>
}

/** @param url the gateway */
export async function publishedExchange(url: string): Promise<PublishedExchange> {
  const client = new PublishedClient({ base: `${url}/api` })
  const templates = await everyTemplate()
  let outages = 0
  return {
    client,
    exchange: async ({ method, address, body, token, key, signal }) => {
      const path = templateOf(templates, method, address.split("?")[0] ?? "")
      const { status, body: answer } = await client.call(method, path, {
        address,
        signal,
        ...(body === undefined ? {} : { body }),
        ...(token === undefined ? {} : { token }),
        ...(key === undefined ? {} : { key }),
        ...(outages > 0 ? { outage: "expected" } : {}),
      })
      return { status, body: answer }
    },
    async duringOutage(work) {
      outages += 1
      try {
        return await work()
      } finally {
        outages -= 1
      }
    },
  }
}

type Template = readonly string[]

async function everyTemplate(): Promise<Map<string, Template[]>> {
  const templates = new Map<string, Template[]>()
  for (const name of serviceNames) {
    const found = await findService(name)
    if (!("offered" in found)) throw new Error(`${name}: ${found.problem}`)
    for (const { method, path } of found.offered) templates.set(method, [...(templates.get(method) ?? []), path.split("/")])
  }
  return templates
}

/** "/v1/orders/{id}" of "/v1/orders/7"; what is written out goes before a parameter. */
function templateOf(templates: ReadonlyMap<string, readonly Template[]>, method: string, path: string): string {
  const asked = path.split("/")
  const fitting = (templates.get(method) ?? []).filter(
    (template) => template.length === asked.length && template.every((segment, index) => isParameter(segment) || segment === asked[index]),
  )
  const [best] = fitting.toSorted((a, b) => a.filter(isParameter).length - b.filter(isParameter).length)
  return best?.join("/") ?? path
}

const isParameter = (segment: string): boolean => segment.startsWith("{")

// Reads the module that a user wrote and checks it, so that a slip is named before the first request. Called by the command line.
import { pathToFileURL } from "node:url"
import { resolve } from "node:path"
import type { Scenario } from "./scenario.ts"

export class BadScenario extends Error {}

/** @throws BadScenario that says what is wrong in the file and what it should be. */
export async function loadScenario(file: string): Promise<Scenario> {
  const path = resolve(file)
  const module = await importModule(path)
  const scenario = isRecord(module) ? module["default"] : undefined
  const complaint = whatIsWrong(scenario)
  if (complaint !== undefined) throw new BadScenario(`${path}: ${complaint}`)
  return scenario as Scenario
}

async function importModule(path: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(path).href)
  } catch (cause) {
    throw new BadScenario(`${path} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function whatIsWrong(scenario: unknown): string | undefined {
  if (!isRecord(scenario)) return "it has no default export; write `export default scenario satisfies Scenario`"
  if (typeof scenario["name"] !== "string") return "`name` is not a string"
  const { page } = scenario
  return whatIsWrongInRequests("requests", scenario["requests"]) ?? (page === undefined ? undefined : whatIsWrongInPage(page))
}

function whatIsWrongInPage(page: unknown): string | undefined {
  if (!isRecord(page)) return "`page` is not an object"
  if (typeof page["document"] !== "string" || !page["document"].startsWith("/")) return '`page.document` is not a path from "/"'
  for (const name of ["thinkMs", "lifeMs"]) {
    const range = page[name]
    if (range === undefined && name === "lifeMs") continue
    if (!isRecord(range) || !(Number(range["from"]) >= 0) || !(Number(range["to"]) >= Number(range["from"]))) {
      return `\`page.${name}\` is not a range { from, to } of milliseconds`
    }
  }
  return whatIsWrongInRequests("page.calls", page["calls"])
}

function whatIsWrongInRequests(name: string, requests: unknown): string | undefined {
  if (!Array.isArray(requests) || requests.length === 0) return `\`${name}\` is not a list with at least one request`
  const wrong = requests.findIndex(
    (request) => !isRecord(request) || !(Number(request["weight"]) > 0) || typeof request["make"] !== "function",
  )
  return wrong === -1 ? undefined : `\`${name}[${wrong}]\` has no positive \`weight\`, or no function \`make\``
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

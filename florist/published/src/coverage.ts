// `npm run florist:coverage`: how much of the published API the services offer, as a table and as florist-coverage/report.json.
// Ends with 0 where nothing is missing, 1 where something is, 2 where there is no publication to compare with.
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { styleText } from "node:util"
import { compare, isWhole } from "./comparison.ts"
import { Exercised, exercisedVariable } from "./exercised.ts"
import { keyOf, readPublication, skipWithoutPublication } from "./publication.ts"
import type { Publication } from "./publication.ts"
import { correctionsIn } from "./proofs.ts"
import { findService, serviceNames } from "./services.ts"
import type { FoundService } from "./services.ts"
import { renderTable, totalsOf, wrapped } from "./table.ts"
import type { TableOptions, Totals } from "./table.ts"

const folder = fileURLToPath(new URL("../../../florist-coverage/", import.meta.url))
const widest = 140
const provedHeading = "The publication's schemas are corrected, with so many of its own examples as proof"

const options: TableOptions = {
  width: Math.min(process.stdout.columns ?? widest, widest),
  colour: (name, text) => (hasColours() ? styleText(name, text, { validateStream: false }) : text),
  show: process.argv.includes("--all") ? "all" : "incomplete",
}

// What a service left running while it was described keeps nobody waiting.
process.exit(await main())

async function main(): Promise<number> {
  const { skip } = skipWithoutPublication()
  if (skip !== false) {
    process.stderr.write(`${skip}. Set it to the path of the OpenAPI document (JSON) and run this again.\n`)
    return 2
  }
  return report(readPublication())
}

async function report(publication: Publication): Promise<number> {
  const services = await Promise.all(serviceNames.map((name) => findService(name)))
  const offered = Object.fromEntries(services.map((service) => [service.name, "offered" in service ? service.offered : []]))
  const comparison = compare(publication, offered)
  const totals = totalsOf(comparison.operations)
  const rules = correctionsIn(publication)
  const exercised = exercisedHere()

  print(renderTable(comparison, options))
  print("")
  for (const service of services) print(serviceLine(service))
  for (const { operation, services: both } of comparison.twice)
    print(options.colour("red", `${operation} is offered by ${both.join(" and by ")}`))
  print("")
  if (exercised !== undefined) print(exercisedLine(publication, exercised))
  const proved = rules.map(({ name, proofs }) => `${name} (${proofs})`)
  for (const line of wrapped(provedHeading, proved, { width: options.width, indent: "" })) print(options.colour("dim", line))
  print(totalsLine(totals))

  mkdirSync(folder, { recursive: true })
  const file = join(folder, "report.json")
  const full = {
    totals,
    services: services.map(summaryOf),
    ...comparison,
    corrections: rules,
    ...(exercised === undefined ? {} : { exercised }),
  }
  writeFileSync(file, `${JSON.stringify(full, null, 1)}\n`)
  const more = options.show === "all" ? "" : " Whole operations are listed with --all."
  print(options.colour("dim", `Everything, with what is ours beside it, is in ${relative(process.cwd(), file)}.${more}`))
  return comparison.operations.every(isWhole) ? 0 : 1
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function hasColours(): boolean {
  return process.stdout.isTTY && !process.env.NO_COLOR
}

function serviceLine(service: FoundService): string {
  const name = service.name.padEnd(10)
  if ("problem" in service) return `${name} ${options.colour("red", service.problem)}`
  return `${name} ${service.offered.length} operations`
}

function summaryOf(service: FoundService): object {
  return "problem" in service ? service : { name: service.name, operations: service.offered.length }
}

function totalsLine({ operations, parameters, request, answer }: Totals): string {
  const figure = (what: string, { offered, published }: { offered: number; published: number }): string => {
    return options.colour(offered === published ? "green" : "red", `${what} ${offered} of ${published}`)
  }
  return [
    figure("operations", operations),
    figure("whole", { offered: operations.whole, published: operations.published }),
    figure("parameters", parameters),
    figure("in requests", request),
    figure("in answers", answer),
  ].join(" · ")
}

/** What tests proved over HTTP, where they were told to keep it. */
function exercisedHere(): Exercised | undefined {
  const kept = process.env[exercisedVariable]
  return kept !== undefined && existsSync(kept) ? Exercised.readAll(kept) : undefined
}

function exercisedLine({ operations }: Publication, exercised: Exercised): string {
  const successes = operations.filter((operation) => exercised.hasSuccess(keyOf(operation))).length
  const refusals = operations.filter((operation) => exercised.hasRefusal(keyOf(operation))).length
  return `Seen over HTTP and found as published: a success of ${successes}, a refusal of ${refusals} of ${operations.length} operations`
}

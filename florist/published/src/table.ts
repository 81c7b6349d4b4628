// The coverage report as a person reads it: totals, then every tag with what is missing in it. Pure. Called by `coverage`.
import { isWhole } from "./comparison.ts"
import type { Comparison, OperationCoverage, Part } from "./comparison.ts"

export interface TableOptions {
  /** Columns. */
  width: number
  colour: (name: "green" | "red" | "yellow" | "dim" | "bold", text: string) => string
  /** "incomplete": operations with something missing. */
  show: "incomplete" | "all"
}

export interface Totals {
  operations: { offered: number; whole: number; published: number }
  parameters: Count
  request: Count
  answer: Count
}

interface Count {
  offered: number
  published: number
}

export function totalsOf(operations: readonly OperationCoverage[]): Totals {
  const count = (partOf: (operation: OperationCoverage) => Part): Count => {
    const published = operations.reduce((sum, operation) => sum + partOf(operation).published, 0)
    return { published, offered: published - operations.reduce((sum, operation) => sum + partOf(operation).missing.length, 0) }
  }
  return {
    operations: {
      offered: operations.filter(({ service }) => service !== undefined).length,
      whole: operations.filter(isWhole).length,
      published: operations.length,
    },
    parameters: count(({ parameters }) => parameters),
    request: count(({ request }) => request),
    answer: count(({ answer }) => answer),
  }
}

export function renderTable({ operations }: Comparison, options: TableOptions): string {
  const tags = Map.groupBy(operations, ({ tag }) => tag)
  return [...tags].flatMap(([tag, its]) => [...tagLines(tag, its, options)]).join("\n")
}

function tagLines(tag: string, operations: readonly OperationCoverage[], options: TableOptions): string[] {
  const { colour, show } = options
  const whole = operations.filter(isWhole).length
  const isAll = whole === operations.length
  const figure = `${whole} of ${operations.length}`
  const heading = `${colour("bold", tag.padEnd(28))} ${colour(isAll ? "green" : "red", figure)}`
  const shown = operations.filter((operation) => show === "all" || !isWhole(operation) || operation.refusedExamples.length > 0)
  return [heading, ...shown.flatMap((operation) => operationLines(operation, options))]
}

function operationLines(operation: OperationCoverage, options: TableOptions): string[] {
  const { colour } = options
  const { method, path, service, parameters, request, answer, shownOnly, refusedExamples, statuses } = operation
  const mark = isWhole(operation) ? colour("green", "+") : colour("red", "-")
  const head = `  ${mark} ${method.padEnd(6)} ${path}  ${service === undefined ? colour("red", "missing") : colour("dim", service)}`
  if (service === undefined) return [head]
  return [
    head,
    ...list("lacks parameters", parameters.missing, "red", options),
    ...list("lacks in requests", request.missing, "red", options),
    ...list("lacks in answers", answer.missing, "red", options),
    ...list("shown by examples only", shownOnly, "yellow", options),
    ...list("refuses the published example", refusedExamples, "yellow", options),
    ...list("lacks statuses", statuses.missing.map(String), "yellow", options),
  ]
}

const indent = " ".repeat(11)

function list(heading: string, names: readonly string[], name: "red" | "yellow", { width, colour }: TableOptions): string[] {
  return names.length === 0 ? [] : wrapped(heading, names, { width, indent }).map((line) => colour(name, line))
}

/** Names after their heading, broken into lines that fit. */
export function wrapped(heading: string, names: readonly string[], { width, indent: before }: { width: number; indent: string }): string[] {
  const lines: string[] = []
  let line = `${before}${heading}:`
  for (const [n, each] of names.entries()) {
    const word = n === names.length - 1 ? each : `${each},`
    if (line.length + 1 + word.length > width) {
      lines.push(line)
      line = `${before}  ${word}`
    } else line += ` ${word}`
  }
  return [...lines, line]
}

// The annotated reference, filled in for one application. Called by `conveyor init`.
import type { Look } from "./look.ts"

/** What is not known stays there, commented out: a line that fails at the first push helps nobody. */
export function templateFor({ name, build, test, start, environment }: Look, reference: string): string {
  const chosen: Readonly<Record<string, string>> = {
    "name: shop": `name: ${name}`,
    "build: npm ci": build === undefined ? "# build: make" : `build: ${valueOf(build)}`,
    "test: npm test": test === undefined ? "# test: make test" : `test: ${valueOf(test)}`,
    "    start: node server.js": `    start: ${valueOf(start ?? "node server.js")}`,
    "environment:": Object.keys(environment).length === 0 ? "environment: {}" : "environment:",
    "  NODE_ENV: production": Object.entries(environment)
      .map(([key, value]) => `  ${key}: ${valueOf(value)}`)
      .join("\n"),
    ...forFewUsers,
  }
  return reference
    .split("\n")
    .map((line) => chosen[line] ?? line)
    .filter((line, i, lines) => line !== "" || lines[i - 1] !== "")
    .join("\n")
}

/** Whoever begins has few users: a bake that waited for a hundred of them would hold the second push for an hour. */
const forFewUsers: Readonly<Record<string, string>> = {
  "# release:": "release:",
  "#   bake:": "  bake:",
  "#     for: 2m": "    for: 30s",
  "#     at_least: 100": "    at_least: 20",
  "#     at_most: 10m": "    at_most: 2m",
  "#     when_quiet: hold": "    when_quiet: synthetic",
  "#     synthetic: []": "    synthetic: [/]",
}

/** A text for YAML in which no ${} is filled in: what stands in a command is for its shell. */
function valueOf(text: string): string {
  const escaped = text.replaceAll(/\$\$|\$\{/g, (match) => (match === "$$" ? "$$$$" : "$${"))
  return /^[A-Za-z.][\w ./:@=&+-]*$/.test(escaped) && !/: |:$| $/.test(escaped) ? escaped : JSON.stringify(escaped)
}

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
  }
  return reference
    .split("\n")
    .map((line) => chosen[line] ?? line)
    .filter((line, i, lines) => line !== "" || lines[i - 1] !== "")
    .join("\n")
}

/** A text for YAML in which no ${} is filled in: what stands in a command is for its shell. */
function valueOf(text: string): string {
  const escaped = text.replaceAll(/\$\$|\$\{/g, (match) => (match === "$$" ? "$$$$" : "$${"))
  return /^[A-Za-z.][\w ./:@=&+-]*$/.test(escaped) && !/: |:$| $/.test(escaped) ? escaped : JSON.stringify(escaped)
}

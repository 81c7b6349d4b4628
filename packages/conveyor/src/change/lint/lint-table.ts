// docs/lint.md: what the lint says of every kind of statement, as it says it. Written by scripts/lint-table.ts, held by a test.
import type { Change } from "../change.ts"
import { parseChange } from "../files/load-changes.ts"
import type { Finding } from "./finding.ts"
import { kinds } from "./known-statements.ts"
import { lintChange } from "./lint.ts"

const head = `# What the lint says

Every statement of a \`sql\` operation is read by PostgreSQL's own parser before anything is touched. **Refused** is what locks out
users, rewrites a table, or breaks the version that runs; each refusal names the way. **Warned** is told and let pass. What no rule
knows is refused too: nobody has looked at it. Who knows better (a small table, a quiet one) names the rule under \`allow:\` of the
operation, and that rule alone is let pass there:

\`\`\`yaml
- sql:
    expand: DELETE FROM shop.draft
    undo: SELECT 1
    allow: [long-transaction]
\`\`\`

At contract and in an undo old code is gone, so there \`breaks-running\` is not said. The table is made by
\`node scripts/lint-table.ts\` from what the lint says in expand.
`

export async function lintTable(): Promise<string> {
  const parts: string[] = [head]
  for (const { title, statements } of kinds) {
    parts.push(`## ${title}\n`, "| statement | | why | the way |\n|-|-|-|-|")
    for (const statement of statements) parts.push(rowOf(statement, await lintChange(changeWith(statement))))
    parts.push("")
  }
  return parts.join("\n")
}

/** A change of the one statement in expand. */
export function changeWith(statement: string): Change {
  const operation = { sql: { expand: statement, undo: "SELECT 1" } }
  return parseChange("changes/0001-x.yml", "0001-x", JSON.stringify({ summary: "x", operations: [operation] }))
}

function rowOf(statement: string, findings: readonly Finding[]): string {
  const verdict = findings.some(({ severity }) => severity === "error") ? "refused" : findings.length > 0 ? "warned" : "allowed"
  const why = findings.map(({ message, rule }) => `${message} \`${rule}\``).join("; ")
  const way = [...new Set(findings.map(({ safeWay }) => safeWay))].join(" ")
  return `| ${[`\`${statement}\``, verdict === "allowed" ? verdict : `**${verdict}**`, why, way].map(cell).join(" | ")} |`
}

const cell = (text: string) => text.replaceAll("|", "\\|")

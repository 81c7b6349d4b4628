// Which statements PostgreSQL refuses inside a transaction block. Asked of SQL whose author has not said so. Comments and
// literals are no part of the statement: a comment that speaks of CONCURRENTLY makes nothing concurrent. Used by the sql operation.

const opening =
  /^(?:(?:CREATE(?: UNIQUE)?|DROP) INDEX CONCURRENTLY|VACUUM|REINDEX|ALTER SYSTEM|CREATE DATABASE|DROP DATABASE|CREATE TABLESPACE|DROP TABLESPACE)\b/i
const detaching = /^ALTER TABLE .* DETACH PARTITION \S+ (?:CONCURRENTLY|FINALIZE)$/i

export function runsOutsideTransaction(sql: string): boolean {
  const words = bare(sql).replaceAll(/\s+/g, " ").replace(/;.*$/, "").trim()
  return opening.test(words) || detaching.test(words)
}

/** The statement without comments, and with each literal and quoted name as one letter. */
function bare(sql: string): string {
  let out = ""
  for (let at = 0; at < sql.length;) {
    const rest = sql.slice(at)
    const [literal] = /^(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([\p{L}_]\w*)?\$[^]*?\$\1\$)/u.exec(rest) ?? []
    if (rest.startsWith("--")) at += /^[^\n]*/.exec(rest)?.[0].length ?? 2
    else if (rest.startsWith("/*")) at += commentLength(rest)
    else if (literal !== undefined) [at, out] = [at + literal.length, `${out}x`]
    else [at, out] = [at + 1, out + (sql[at] ?? "")]
  }
  return out
}

/** PostgreSQL's comments nest. */
function commentLength(text: string): number {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    if (text.startsWith("/*", at)) [depth, at] = [depth + 1, at + 1]
    else if (text.startsWith("*/", at)) [depth, at] = [depth - 1, at + 1]
    if (depth === 0) return at + 1
  }
  return text.length
}

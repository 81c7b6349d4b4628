// What a new column or a new constraint costs on a table in use. Used by the rules for ALTER TABLE.
import type { Remark } from "./finding.ts"
import { callsIn } from "./functions.ts"
import { error, warning } from "./remarks.ts"
import type { SqlTree } from "./sql-parser.ts"

export function lintNewColumn(column: SqlTree): Remark[] {
  const constraints = ((column["constraints"] ?? []) as { Constraint?: SqlTree }[]).map(({ Constraint: constraint }) => constraint ?? {})
  const kinds = new Set(constraints.map((constraint) => String(constraint["contype"])))
  const value = constraints.find((constraint) => constraint["contype"] === "CONSTR_DEFAULT")?.["raw_expr"]
  const isNotNull = kinds.has("CONSTR_NOTNULL") || kinds.has("CONSTR_PRIMARY")
  return [
    ...(isNotNull && (value === undefined || isNull(value))
      ? error("breaks-running", "the running version's inserts give the new column no value", "Give it a default, or use derive_columns.")
      : []),
    ...(kinds.has("CONSTR_GENERATED") || kinds.has("CONSTR_IDENTITY") ? ownValues() : lintDefault(value)),
    ...lintType(typeOf(column)),
    ...constraints.flatMap((constraint) => lintConstraint({ ...constraint, indexname: undefined })),
  ]
}

const ownValues = () =>
  error(
    "rewrites",
    "the new column gets a value of its own in each row: the table is rewritten while everybody waits",
    "Add it empty, and fill it with derive_columns.",
  )

/** A default that PostgreSQL cannot work out once for all rows that are there. */
export function lintDefault(value: unknown): Remark[] {
  const calls = callsIn(value)
  if (calls.some(({ nature }) => nature === "changing" || nature === "acts")) return ownValues()
  const own = calls.find(({ nature }) => nature === "own")
  return own === undefined
    ? []
    : error(
        "rewrites",
        `whether ${own.name}() gives each row a value of its own is not known: if it is volatile the table is rewritten while everybody waits`,
        "Add the column empty, and fill it with derive_columns; or look at the function, and say allow: [rewrites].",
      )
}

function typeOf(column: SqlTree): string[] {
  const names = ((column["typeName"] as SqlTree | undefined)?.["names"] ?? []) as { String?: { sval?: string } }[]
  return names.map((name) => name.String?.sval ?? "")
}

/** `names` as the parser writes a type: ["pg_catalog", "int4"], ["serial"], ["public", "positive"]. */
export function lintType(names: readonly string[]): Remark[] {
  const name = names.at(-1) ?? ""
  const isOwn = names.length > 1 && names[0] !== "pg_catalog"
  if (!isOwn && /^(small|big)?serial[248]?$/.test(name)) return ownValues()
  if (!isOwn && name === "json")
    return warning(
      "no-equality",
      "json cannot be compared: SELECT DISTINCT, GROUP BY and UNION over the whole row fail from then on",
      "Use jsonb.",
    )
  if (!isOwn && name === "timestamp")
    return warning("no-time-zone", "timestamp without time zone means another instant to each session's zone", "Use timestamptz.")
  return isOwn
    ? warning(
        "own-type",
        `if ${names.join(".")} is a domain with a constraint, the table is rewritten while everybody waits; a shard's catalog knows, and expand asks it`,
        "For a domain: add the column with its base type, and the check with add_constraint.",
      )
    : []
}

export function lintConstraint(constraint: SqlTree): Remark[] {
  return constraintRules[String(constraint["contype"])]?.(constraint) ?? []
}

const constraintRules: Readonly<Record<string, (constraint: SqlTree) => Remark[]>> = {
  CONSTR_CHECK: proven,
  CONSTR_FOREIGN: proven,
  CONSTR_NOTNULL: (constraint) => (constraint["keys"] === undefined ? [] : proven(constraint)),
  CONSTR_UNIQUE: (constraint) => (constraint["indexname"] === undefined ? indexed() : []),
  CONSTR_PRIMARY: (constraint) =>
    constraint["indexname"] === undefined
      ? indexed()
      : error(
          "scans-locked",
          "where a column of the key is not NOT NULL yet, the whole table is read under a lock that stops everybody",
          "Make the columns NOT NULL with add_constraint first, then say allow: [scans-locked].",
        ),
  CONSTR_EXCLUSION: () =>
    error("blocks-all", "the constraint builds its index while everybody waits", "Make a new table with it, and move the rows."),
}

function proven(constraint: SqlTree): Remark[] {
  return constraint["skip_validation"] === true
    ? []
    : error(
        "scans-locked",
        "the constraint is proven on the whole table under a lock",
        "Use add_constraint, or NOT VALID and later VALIDATE CONSTRAINT.",
      )
}

const indexed = () =>
  error(
    "blocks-all",
    "the constraint builds its index while everybody waits",
    "Use add_constraint, or build the index concurrently first and add the constraint USING INDEX.",
  )

const isNull = (value: unknown): boolean => (value as { A_Const?: { isnull?: boolean } } | undefined)?.A_Const?.isnull === true

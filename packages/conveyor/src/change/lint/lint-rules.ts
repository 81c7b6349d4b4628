// The rules for whole statements of a change, one entry a danger. Called by the lint.
import type { Remark } from "./finding.ts"
import type { SqlText } from "../operations/operation.ts"
import type { SqlTree } from "./sql-parser.ts"

type Use = SqlText["use"]

/** What one statement would do to the traffic, or to the version that runs. `created` holds tables of the same change. */
export function lintStatement(tree: SqlTree, use: Use, created: Set<string>): Remark[] {
  const [kind] = Object.keys(tree)
  if (kind === undefined) return []
  const node = tree[kind] as SqlTree
  const table = (node["relation"] as { relname?: string } | undefined)?.relname
  if (kind === "CreateStmt" && table !== undefined) created.add(table)
  if (table !== undefined && created.has(table) && kind !== "RenameStmt") return []
  return statementRules[kind]?.(node, use) ?? []
}

const error = (rule: string, message: string, safeWay: string): Remark[] => [{ rule, severity: "error", message, safeWay }]

/** Dangers that old code alone would feel: at contract it is gone. */
const beforeContract = (use: Use, remarks: Remark[]): Remark[] => (use === "contract" || use === "undo" ? [] : remarks)

const statementRules: Readonly<Record<string, (node: SqlTree, use: Use) => Remark[]>> = {
  AlterTableStmt: (node, use) =>
    ((node["cmds"] ?? []) as { AlterTableCmd?: SqlTree }[]).flatMap(({ AlterTableCmd: command }) =>
      command === undefined ? [] : lintAlter(command, use),
    ),
  IndexStmt: (node) =>
    node["concurrent"] === true
      ? []
      : error(
          "blocks-writes",
          "CREATE INDEX blocks every write to the table until it is built",
          "Use create_index, or CREATE INDEX CONCURRENTLY.",
        ),
  DropStmt: (node, use) => [
    ...(node["removeType"] === "OBJECT_INDEX" && node["concurrent"] !== true
      ? error(
          "blocks-all",
          "DROP INDEX waits for every query of the table, and all that come after wait behind it",
          "Use drop_index, or DROP INDEX CONCURRENTLY.",
        )
      : []),
    ...beforeContract(
      use,
      node["removeType"] === "OBJECT_INDEX"
        ? []
        : error(
            "breaks-running",
            "the running version may still use what is dropped",
            "Use drop_column or drop_table, or drop it in the contract phase.",
          ),
    ),
  ],
  RenameStmt: (_, use) =>
    beforeContract(
      use,
      error("breaks-running", "the running version knows the old name alone", "Use derive_columns: both names work until contract."),
    ),
  AlterObjectSchemaStmt: (_, use) =>
    beforeContract(
      use,
      error(
        "breaks-running",
        "the running version looks for it in the old schema",
        "Make a new table and move the rows, or leave it where it is.",
      ),
    ),
  TruncateStmt: () =>
    error(
      "blocks-all",
      "TRUNCATE takes the table from everybody",
      "Delete in batches from the application, or drop the table with drop_table.",
    ),
  UpdateStmt: () =>
    error(
      "long-transaction",
      "an UPDATE of many rows holds their locks to its end, and doubles the table",
      "Use derive_columns, which works in batches.",
    ),
  DeleteStmt: () =>
    error("long-transaction", "a DELETE of many rows holds their locks to its end", "Delete in batches from the application."),
  ClusterStmt: () => error("rewrites", "CLUSTER rewrites the table while everybody waits", "Use pg_repack in a quiet hour."),
  VacuumStmt: (node) =>
    hasOption(node, "full")
      ? error("rewrites", "VACUUM FULL rewrites the table while everybody waits", "Use pg_repack in a quiet hour.")
      : [],
  ReindexStmt: (node) =>
    hasOption(node, "concurrently") ? [] : error("blocks-writes", "REINDEX blocks every write to the table", "Use REINDEX CONCURRENTLY."),
  LockStmt: () =>
    error("blocks-all", "LOCK TABLE makes the application wait", "Take it out; every statement here takes the lock that it needs."),
  TransactionStmt: () => error("transaction", "each statement has a transaction of its own already", "Take BEGIN and COMMIT out."),
  CreateTrigStmt: () => [
    {
      rule: "trigger",
      severity: "warning",
      message: "a trigger runs for the old version's writes too",
      safeWay: "Make sure that it accepts what the old version writes.",
    },
  ],
}

function lintAlter(command: SqlTree, use: Use): Remark[] {
  return alterRules[String(command["subtype"])]?.(command, use) ?? []
}

const alterRules: Readonly<Record<string, (command: SqlTree, use: Use) => Remark[]>> = {
  AT_AlterColumnType: () =>
    error(
      "rewrites",
      "a change of type rewrites the table while everybody waits",
      "Use derive_columns: a new column of the new type, kept equal to the old one.",
    ),
  AT_DropColumn: (_, use) =>
    beforeContract(
      use,
      error("breaks-running", "the running version still names the column", "Use drop_column, which drops it at contract."),
    ),
  AT_SetNotNull: () =>
    error("scans-locked", "SET NOT NULL reads the whole table under a lock that stops everybody", "Use add_constraint with not_null."),
  AT_AddConstraint: (command) => lintConstraint((command["def"] as { Constraint?: SqlTree } | undefined)?.Constraint ?? {}),
  AT_AddColumn: (command) => lintNewColumn((command["def"] as { ColumnDef?: SqlTree } | undefined)?.ColumnDef ?? {}),
  AT_SetLogged: () => error("rewrites", "SET LOGGED rewrites the table while everybody waits", "Make a new table and move the rows."),
  AT_SetUnLogged: () => error("rewrites", "SET UNLOGGED rewrites the table while everybody waits", "Make a new table and move the rows."),
  AT_SetTableSpace: () => error("rewrites", "SET TABLESPACE copies the table while everybody waits", "Use pg_repack in a quiet hour."),
}

function lintConstraint(constraint: SqlTree): Remark[] {
  const kind = String(constraint["contype"])
  if (kind === "CONSTR_CHECK" || kind === "CONSTR_FOREIGN") {
    return constraint["skip_validation"] === true
      ? []
      : error(
          "scans-locked",
          "the constraint is proven on the whole table under a lock",
          "Use add_constraint, or NOT VALID and later VALIDATE CONSTRAINT.",
        )
  }
  if ((kind === "CONSTR_UNIQUE" || kind === "CONSTR_PRIMARY") && constraint["indexname"] === undefined) {
    return error(
      "blocks-all",
      "the constraint builds its index while everybody waits",
      "Use add_constraint, or build the index concurrently first and add the constraint USING INDEX.",
    )
  }
  return kind === "CONSTR_EXCLUSION"
    ? error("blocks-all", "the constraint builds its index while everybody waits", "Make a new table with it, and move the rows.")
    : []
}

function lintNewColumn(column: SqlTree): Remark[] {
  const constraints = ((column["constraints"] ?? []) as { Constraint?: SqlTree }[]).map(({ Constraint: constraint }) => constraint ?? {})
  const kinds = new Set(constraints.map((constraint) => String(constraint["contype"])))
  const value = constraints.find((constraint) => constraint["contype"] === "CONSTR_DEFAULT")?.["raw_expr"]
  return [
    ...(kinds.has("CONSTR_NOTNULL") && value === undefined
      ? error("breaks-running", "the running version's inserts give the new column no value", "Give it a default, or use derive_columns.")
      : []),
    ...(isVolatile(value) || kinds.has("CONSTR_GENERATED") || kinds.has("CONSTR_IDENTITY")
      ? error(
          "rewrites",
          "the new column gets a value of its own in each row: the table is rewritten while everybody waits",
          "Add it empty, and fill it with derive_columns.",
        )
      : []),
    ...constraints.flatMap((constraint) =>
      constraint["contype"] === "CONSTR_CHECK" ? [] : lintConstraint({ ...constraint, indexname: undefined }),
    ),
  ]
}

const isVolatile = (value: unknown): boolean =>
  value !== undefined &&
  /"funcname":\[.*?"sval":"(random|clock_timestamp|gen_random_uuid|uuidv[47]|nextval|timeofday)"/.test(JSON.stringify(value))

const hasOption = (node: SqlTree, name: string): boolean =>
  ((node["options"] ?? node["params"] ?? []) as { DefElem?: { defname?: string } }[]).some(
    ({ DefElem: option }) => option?.defname === name,
  )

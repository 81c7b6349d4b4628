// The rules for whole statements of a change, one entry a kind. A kind that stands in no entry is refused. Called by the lint.
import type { Remark } from "./finding.ts"
import { lintAlterTable } from "./alter-table.ts"
import { callsIn } from "./functions.ts"
import { lintCreateTable } from "./new-tables.ts"
import { beforeContract, error, opaque, unknown, warning } from "./remarks.ts"
import type { Use } from "./remarks.ts"
import { nodesOf } from "./sql-parser.ts"
import type { SqlTree } from "./sql-parser.ts"

/** What one statement would do to the traffic, or to the version that runs. `created` holds tables of the same change, each with its schema. */
export function lintStatement(tree: SqlTree, use: Use, created: Set<string>): Remark[] {
  const [kind] = Object.keys(tree)
  if (kind === undefined) return []
  const node = tree[kind] as SqlTree
  const table = tableOf(node["relation"])
  if (kind === "CreateStmt") {
    if (node["if_not_exists"] !== true) created.add(table)
    return lintCreateTable(node)
  }
  const ofStatement = statementRules[kind] === undefined ? unknown(kind.replace(/Stmt$/, "")) : statementRules[kind](node, use)
  if (kind === "ExplainStmt" && !hasOption(node, "analyze")) return []
  // What nobody knows yet blocks nobody; what it calls may still do anything.
  const isNobodys =
    (created.has(table) && ofOneTable.has(kind)) || (kind === "GrantStmt" && grantedOn(node).every((one) => created.has(one)))
  return unique([...(isNobodys ? [] : ofStatement), ...(runsQueries.has(kind) ? lintWithin(node, use) : [])])
}

/** A table as a key: its schema, which may be empty, and its name. */
function tableOf(relation: unknown): string {
  const { schemaname = "", relname } = (relation ?? {}) as { schemaname?: string; relname?: string }
  return relname === undefined ? "" : `${schemaname}.${relname}`
}

/** What GRANT and REVOKE name; something that is no table is nobody's new table. */
const grantedOn = (node: SqlTree): string[] =>
  ((node["objects"] ?? []) as { RangeVar?: unknown }[]).map(({ RangeVar: relation }) => tableOf(relation))

/** Kinds that touch the table that they name, and no other. */
const ofOneTable = new Set(["AlterTableStmt", "IndexStmt", "CreateTrigStmt", "CreatePolicyStmt", "RuleStmt"])

const runsQueries = new Set(["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "CreateTableAsStmt", "CopyStmt"])

/** What hides inside: writes in a CTE, functions that act. */
function lintWithin(node: SqlTree, use: Use): Remark[] {
  const found: Remark[] = []
  for (const [kind, inner] of nodesOf(node)) {
    if (["UpdateStmt", "DeleteStmt", "MergeStmt", "InsertStmt"].includes(kind)) found.push(...(statementRules[kind]?.(inner, use) ?? []))
  }
  for (const { name, nature } of callsIn(node)) {
    if (nature === "own") found.push(...opaque(`the function ${name}()`))
    if (nature === "acts")
      found.push(...error("acts", `${name}() acts on the server or on other sessions`, "Do it by hand, outside of a change."))
  }
  return found
}

function unique(remarks: readonly Remark[]): Remark[] {
  return [...new Map(remarks.map((remark) => [`${remark.rule} ${remark.message}`, remark])).values()]
}

type Rule = (node: SqlTree, use: Use) => Remark[]

const fine: Rule = () => []
const breaksRunning =
  (message: string, safeWay: string): Rule =>
  (_, use) =>
    beforeContract(use, error("breaks-running", message, safeWay))
const inBatches = "Use derive_columns or derive_rows, which work in batches."
const longTransaction = (what: string, safeWay = inBatches): Remark[] => error("long-transaction", what, safeWay)
const replaces =
  (what: string, safeWay: string): Rule =>
  (node, use) =>
    node["replace"] === true || node["is_replace"] === true
      ? beforeContract(use, error("breaks-running", `the running version uses the old ${what} of that name`, safeWay))
      : []
const session = (what: string): Rule => {
  const remarks = error(
    "session-state",
    `${what} changes the session that the engine works in: its limits, its locks, its triggers`,
    "Take it out.",
  )
  return () => remarks
}

const statementRules: Readonly<Record<string, Rule>> = {
  AlterTableStmt: lintAlterTable,
  IndexStmt: (node) => [
    ...(node["concurrent"] === true
      ? []
      : error(
          "blocks-writes",
          "CREATE INDEX blocks every write to the table until it is built",
          "Use create_index, or CREATE INDEX CONCURRENTLY.",
        )),
    ...(node["concurrent"] === true && node["if_not_exists"] === true
      ? error(
          "keeps-invalid",
          "IF NOT EXISTS takes the invalid rest of an attempt that failed for the index",
          "Use create_index, which checks it.",
        )
      : []),
  ],
  DropStmt: lintDrop,
  RenameStmt: (node, use) =>
    namesNothing.has(String(node["renameType"]))
      ? []
      : breaksRunning("the running version knows the old name alone", "Use derive_columns: both names work until contract.")(node, use),
  AlterObjectSchemaStmt: breaksRunning(
    "the running version looks for it in the old schema",
    "Make a new table and move the rows, or leave it where it is.",
  ),
  AlterOwnerStmt: breaksRunning(
    "the running version may lose the owner's rights",
    "GRANT the new owner's rights first, and change the owner at contract.",
  ),
  AlterEnumStmt: (node, use) =>
    node["oldVal"] === undefined
      ? []
      : breaksRunning("the running version knows the old value alone", "Add the new value, and move the rows.")(node, use),
  AlterDomainStmt: (node) =>
    ["C", "O"].includes(String(node["subtype"]))
      ? error(
          "scans-locked",
          "every table with a column of the domain is read under a lock",
          "Add the check to the columns with add_constraint.",
        )
      : [],
  TruncateStmt: () =>
    error(
      "blocks-all",
      "TRUNCATE takes the table from everybody",
      "Delete in batches from the application, or drop the table with drop_table.",
    ),
  UpdateStmt: () =>
    longTransaction(
      "an UPDATE of many rows holds their locks to its end, and doubles the table",
      "Use derive_columns, which works in batches.",
    ),
  DeleteStmt: () => longTransaction("a DELETE of many rows holds their locks to its end", "Delete in batches from the application."),
  MergeStmt: () => longTransaction("a MERGE over many rows holds their locks to its end"),
  InsertStmt: (node) =>
    readsTables(node["selectStmt"]) ? longTransaction("an INSERT from a table is one transaction as long as the table is") : [],
  SelectStmt: (node) => (node["intoClause"] === undefined ? [] : longTransaction("SELECT INTO is one transaction as long as the table is")),
  CreateTableAsStmt: (node) =>
    (node["into"] as { skipData?: boolean } | undefined)?.skipData === true
      ? []
      : longTransaction("CREATE ... AS is one transaction as long as its query is", "Create the table empty, and fill it in batches."),
  RefreshMatViewStmt: (node) =>
    node["concurrent"] === true
      ? longTransaction("REFRESH is one transaction as long as its query is", "Let the application refresh it, in a quiet hour.")
      : error(
          "blocks-all",
          "REFRESH takes the view from every reader until it is done",
          "Let the application use REFRESH ... CONCURRENTLY.",
        ),
  CopyStmt: (node) =>
    node["is_program"] === true || node["filename"] !== undefined
      ? error("acts", "COPY with a file or a program acts on the server's machine", "Do it by hand, outside of a change.")
      : longTransaction("COPY is one transaction as long as the table is"),
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
  CreateTrigStmt: () =>
    warning("trigger", "a trigger runs for the old version's writes too", "Make sure that it accepts what the old version writes."),
  RuleStmt: breaksRunning("a rule rewrites the old version's statements too", "Use a trigger, or a view with another name."),
  CreatePolicyStmt: breaksRunning(
    "a policy decides what the running version sees and writes",
    "Try it as the application's role, then say allow: [breaks-running].",
  ),
  AlterPolicyStmt: breaksRunning(
    "a policy decides what the running version sees and writes",
    "Try it as the application's role, then say allow: [breaks-running].",
  ),
  GrantStmt: (node, use) =>
    node["is_grant"] === true ? [] : breaksRunning("the running version may need the right", "REVOKE in the contract phase.")(node, use),
  GrantRoleStmt: (node, use) =>
    node["is_grant"] === true ? [] : breaksRunning("the running version may need the role", "REVOKE in the contract phase.")(node, use),
  ViewStmt: replaces("view", "Make a view with another name, and drop the old one at contract."),
  CreateFunctionStmt: replaces("function", "Make a function with another name, and drop the old one at contract."),
  DoStmt: () => opaque("a DO block"),
  CallStmt: () => opaque("a procedure"),
  ExecuteStmt: () => opaque("EXECUTE"),
  ExplainStmt: (node, use) => (hasOption(node, "analyze") ? lintStatement(node["query"] as SqlTree, use, new Set()) : []),
  VariableSetStmt: session("SET"),
  DiscardStmt: session("DISCARD"),
  ConstraintsSetStmt: session("SET CONSTRAINTS"),
  CommentStmt: fine,
  CompositeTypeStmt: fine,
  CreateDomainStmt: fine,
  CreateEnumStmt: fine,
  CreateExtensionStmt: fine,
  CreateRangeStmt: fine,
  CreateSchemaStmt: fine,
  CreateSeqStmt: fine,
  CreateStatsStmt: fine,
  AlterStatsStmt: fine,
  DefineStmt: replaces("definition", "Give it another name."),
  NotifyStmt: fine,
  VariableShowStmt: fine,
}

/** Renaming these breaks no statement: only catalogs and messages name them. */
const namesNothing = new Set([
  "OBJECT_INDEX",
  "OBJECT_TABCONSTRAINT",
  "OBJECT_DOMCONSTRAINT",
  "OBJECT_STATISTIC_EXT",
  "OBJECT_TRIGGER",
  "OBJECT_POLICY",
  "OBJECT_RULE",
])

function lintDrop(node: SqlTree, use: Use): Remark[] {
  const isIndex = node["removeType"] === "OBJECT_INDEX"
  if (isIndex)
    return node["concurrent"] === true
      ? []
      : error(
          "blocks-all",
          "DROP INDEX waits for every query of the table, and all that come after wait behind it",
          "Use drop_index, or DROP INDEX CONCURRENTLY.",
        )
  // An undo takes away what expand has made, and with it what came to rest on it since.
  if (node["behavior"] === "DROP_CASCADE" && use !== "undo")
    return error("cascades", "CASCADE drops what nobody has named, and no gate looks for its readers", "Name each thing that goes.")
  return breaksRunning(
    "the running version may still use what is dropped",
    "Use drop_column or drop_table, or drop it in the contract phase.",
  )(node, use)
}

function readsTables(select: unknown): boolean {
  for (const [kind] of nodesOf(select)) if (kind === "RangeVar" || kind === "RangeFunction") return true
  return false
}

const hasOption = (node: SqlTree, name: string): boolean =>
  ((node["options"] ?? node["params"] ?? []) as { DefElem?: { defname?: string; arg?: unknown } }[]).some(
    ({ DefElem: option }) => option?.defname === name && !/"(false|off|0)"/.test(JSON.stringify(option.arg ?? null)),
  )

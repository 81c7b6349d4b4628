// CREATE TABLE: a new table is nobody's yet, unless it says that it belongs to one that is. Called by the rules for statements.
import type { Remark } from "./finding.ts"
import { error, warning } from "./remarks.ts"
import type { SqlTree } from "./sql-parser.ts"

export function lintCreateTable(node: SqlTree): Remark[] {
  return [
    ...(node["partbound"] === undefined
      ? []
      : error(
          "blocks-all",
          "PARTITION OF takes the whole partitioned table from everybody, and reads its default partition meanwhile",
          "Create it as a table of its own, then ATTACH PARTITION.",
        )),
    ...(node["inhRelations"] !== undefined && node["partbound"] === undefined
      ? error("breaks-running", "the running version's queries of the parent see the new table's rows", "Make a table of its own.")
      : []),
    ...(node["if_not_exists"] === true
      ? warning(
          "if-not-exists",
          "a table of that name that is there already stays as it is, whatever its columns",
          "Take IF NOT EXISTS out.",
        )
      : []),
  ]
}

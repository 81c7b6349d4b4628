// The rules for ALTER TABLE, one entry an action. An action that stands in no entry is refused. Called by the rules for
// statements.
import { lintConstraint, lintNewColumn } from "./columns.ts"
import type { Remark } from "./finding.ts"
import { beforeContract, error, unknown, warning } from "./remarks.ts"
import type { Use } from "./remarks.ts"
import type { SqlTree } from "./sql-parser.ts"

type Rule = (command: SqlTree, use: Use) => Remark[]

export function lintAlterTable(node: SqlTree, use: Use): Remark[] {
  const commands = ((node["cmds"] ?? []) as { AlterTableCmd?: SqlTree }[]).flatMap(({ AlterTableCmd: command }): SqlTree[] =>
    command === undefined ? [] : [command],
  )
  return [...commands.flatMap((command) => lintAction(command, use)), ...lintTogether(commands)]
}

function lintAction(command: SqlTree, use: Use): Remark[] {
  const action = String(command["subtype"])
  const rule = alterRules[action]
  return rule === undefined ? unknown(`ALTER TABLE with ${action.replace("AT_", "")}`) : rule(command, use)
}

/** One statement holds the strongest of its locks until the slowest of its actions is done. */
function lintTogether(commands: readonly SqlTree[]): Remark[] {
  return commands.length > 1 && commands.some(validates) ? validatedBesideOthers() : []
}

const validates = (command: SqlTree): boolean => command["subtype"] === "AT_ValidateConstraint"

/** Whether a statement reads the whole table to prove a constraint. */
export const isValidation = (tree: SqlTree): boolean =>
  ((tree["AlterTableStmt"] as { cmds?: { AlterTableCmd?: SqlTree }[] } | undefined)?.cmds ?? []).some(
    ({ AlterTableCmd: command }) => command !== undefined && validates(command),
  )

export const validatedBesideOthers = (): Remark[] =>
  error(
    "scans-locked",
    "the table is read under the locks that the other actions beside VALIDATE CONSTRAINT take",
    "Write VALIDATE CONSTRAINT as a statement of its own.",
  )

const rewrites = (what: string, safeWay: string): Rule => {
  const remarks = error("rewrites", `${what} rewrites the table while everybody waits`, safeWay)
  return () => remarks
}
const breaksRunning =
  (message: string, safeWay: string): Rule =>
  (_, use) =>
    beforeContract(use, error("breaks-running", message, safeWay))
const fine: Rule = () => []

const movesRows = "Make a new table and move the rows."

/** Named as the parser names the actions. */
const alterRules: Readonly<Record<string, Rule>> = {
  AT_AddColumn: (command) => lintNewColumn((command["def"] as { ColumnDef?: SqlTree } | undefined)?.ColumnDef ?? {}),
  AT_AddConstraint: (command) => lintConstraint((command["def"] as { Constraint?: SqlTree } | undefined)?.Constraint ?? {}),
  AT_AlterColumnType: rewrites(
    "a change of type, unless the old and the new one are kept in the same form,",
    "Use derive_columns: a new column of the new type, kept equal to the old one. Where PostgreSQL only renames the type (varchar to text), say allow: [rewrites].",
  ),
  AT_SetNotNull: () =>
    error("scans-locked", "SET NOT NULL reads the whole table under a lock that stops everybody", "Use add_constraint with not_null."),
  AT_DropNotNull: fine,
  AT_ColumnDefault: fine,
  AT_ValidateConstraint: fine,
  AT_SetStatistics: fine,
  AT_SetOptions: fine,
  AT_ResetOptions: fine,
  AT_SetStorage: fine,
  AT_SetCompression: fine,
  AT_SetRelOptions: fine,
  AT_ResetRelOptions: fine,
  AT_ClusterOn: fine,
  AT_DropCluster: fine,
  AT_DropColumn: breaksRunning("the running version still names the column", "Use drop_column, which drops it at contract."),
  AT_DropConstraint: breaksRunning(
    "the running version may rest on the constraint (ON CONFLICT, foreign keys), and an undo by hand loses its options",
    "Use drop_constraint, whose undo brings it back.",
  ),
  AT_AlterConstraint: breaksRunning("the running version may rest on when the constraint is checked", "Add a second constraint beside it."),
  AT_SetLogged: rewrites("SET LOGGED", movesRows),
  AT_SetUnLogged: rewrites("SET UNLOGGED", movesRows),
  AT_SetTableSpace: rewrites("SET TABLESPACE", "Use pg_repack in a quiet hour."),
  AT_SetAccessMethod: rewrites("SET ACCESS METHOD", movesRows),
  AT_SetExpression: rewrites("SET EXPRESSION", "Add a new column, and fill it with derive_columns."),
  AT_DropExpression: breaksRunning("the running version counts on the column's value being generated", "Use derive_columns."),
  AT_AddIdentity: breaksRunning(
    "the running version's own values meet those of the new sequence, which begins at 1",
    "Make the sequence, set it past the highest value, and give the column nextval() as its default.",
  ),
  AT_SetIdentity: breaksRunning("the running version may give the column values of its own", "Leave it BY DEFAULT until contract."),
  AT_DropIdentity: breaksRunning("the running version's inserts give the column no value", "Do it in the contract phase."),
  AT_AttachPartition: () =>
    error(
      "scans-locked",
      "the new partition is read under a lock, to prove that its rows belong there, unless a valid CHECK says so already",
      "Add the CHECK with NOT VALID, validate it, attach, then say allow: [scans-locked].",
    ),
  AT_DetachPartition: (command, use) => [
    ...((command["def"] as { PartitionCmd?: SqlTree } | undefined)?.PartitionCmd?.["concurrent"] === true
      ? []
      : error("blocks-all", "DETACH PARTITION takes the whole table from everybody", "Use DETACH PARTITION ... CONCURRENTLY.")),
    ...beforeContract(
      use,
      error("breaks-running", "the running version no longer sees the partition's rows", "Do it in the contract phase."),
    ),
  ],
  AT_DetachPartitionFinalize: fine,
  AT_AddInherit: breaksRunning("the running version's queries of the parent see the child's rows from then on", movesRows),
  AT_DropInherit: breaksRunning("the running version's queries of the parent no longer see the child's rows", movesRows),
  AT_AddOf: breaksRunning("the running version may not know the type", movesRows),
  AT_DropOf: fine,
  AT_EnableRowSecurity: breaksRunning(
    "without a policy that fits, the running version sees no rows and writes none",
    "Make the policies first, try them as the application's role, then say allow: [breaks-running].",
  ),
  AT_ForceRowSecurity: breaksRunning("the owner's own queries see only what a policy lets them", "Try it as the application's role first."),
  AT_DisableRowSecurity: breaksRunning("every role sees every row from then on", "Do it in the contract phase."),
  AT_NoForceRowSecurity: breaksRunning("the owner sees every row from then on", "Do it in the contract phase."),
  AT_ChangeOwner: breaksRunning(
    "the running version may lose the owner's rights",
    "GRANT the new owner's rights, and change the owner at contract.",
  ),
  AT_ReplicaIdentity: (command) =>
    (command["def"] as { ReplicaIdentityStmt?: { identity_type?: string } } | undefined)?.ReplicaIdentityStmt?.identity_type === "n"
      ? error("breaks-running", "updates and deletes of a published table fail without a replica identity", "Use an index or FULL.")
      : warning("replica-identity", "subscribers see other old values from then on", "Look at what they do with them."),
  ...triggerRules(),
}

/** The triggers of a table are switched by one of eight actions; ours keep old and new equal. */
function triggerRules(): Record<string, Rule> {
  const off = () =>
    error(
      "disables-triggers",
      "with its triggers off the table's old and new columns grow apart, and the running version loses what its triggers do",
      "Drop the one trigger that is meant, at contract.",
    )
  const on = breaksRunning(
    "the trigger runs for the old version's writes too",
    "Make sure that it accepts them, then say allow: [breaks-running].",
  )
  return {
    AT_DisableTrig: off,
    AT_DisableTrigAll: off,
    AT_DisableTrigUser: off,
    AT_DisableRule: off,
    AT_EnableTrig: on,
    AT_EnableAlwaysTrig: on,
    AT_EnableReplicaTrig: off,
    AT_EnableTrigAll: on,
    AT_EnableTrigUser: on,
    AT_EnableRule: on,
    AT_EnableAlwaysRule: on,
    AT_EnableReplicaRule: off,
  }
}

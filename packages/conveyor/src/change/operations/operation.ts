// What every operation of a change file is able to say. Operations are pure: from the facts about a shard they make
// statements, and the engine executes those. Implemented by one file each; called by the engine's phases.
import type { ColumnFacts, TableFacts } from "../evidence/catalog.ts"
import type { TableName } from "../files/names.ts"

/** PostgreSQL's names for the strongest lock that a statement takes on a table that exists already. */
type LockLevel = "none" | "SHARE UPDATE EXCLUSIVE" | "SHARE" | "SHARE ROW EXCLUSIVE" | "ACCESS EXCLUSIVE"

/**
 * How a statement has to be run.
 * "quick": in a transaction with its ledger entry, cancelled when it runs long. "long": the same without that limit; it blocks no reader or writer.
 * "alone": outside a transaction. "index": CREATE INDEX CONCURRENTLY, with its checks. "check": a query for rows that may not be there; it changes nothing.
 * "marker": nothing now; a place in the order of the steps for what undo has to do there.
 */
export type How = "quick" | "long" | "alone" | "index" | "check" | "marker"

export type UndoHow = Exclude<How, "index" | "check" | "marker">

export interface Statement {
  /** Names the step within its operation. */
  key: string
  sql: string
  how: How
  lock: LockLevel
  /** Takes the step back; run in reverse order of the steps. */
  undo?: { sql: string; how: UndoHow }
  /** For "index": what has to be there and valid afterwards. */
  index?: TableName
  /** How much of the table's data it reads or writes: tells the plan how long it takes. */
  work?: "rows" | "index"
}

/** Something to do for every row of a table that is there already. */
export interface RowWork {
  /** Whose pages are gone over. */
  table: TableName
  /** One batch over some rows of a leaf: `where` is true on the rows that are meant and not done. */
  batch(leaf: TableName, where: string): string
  /** Said to PostgreSQL at the beginning of each batch's transaction. */
  before?: string
  /** "updates" leave old versions of rows behind, which strides and VACUUM deal with; "inserts" into another table do not. */
  kind: "updates" | "inserts"
  /** True on rows that are not done. */
  pending: string
  /** True on rows that may not be there when a release starts to use the change, while only old code has written. */
  wrong: string
  /** True on rows that may not be there at any time: neither side follows from the other. */
  torn: string
  /** True on rows that a transaction no older than `age` (as age(xmin) counts) has written, on either side. */
  touchedWithin(age: string): string
  /** Rows of the other table that no row of this one stands behind, where both sides are rows: the same proof from there. */
  strays?: { table: TableName; torn: string }
  /** Bytes that a row will take more, for the disk gate. */
  widensBy: number
}

/** What contract takes away. Old code may have read a table or a column; anything else no statement names. */
export type Taken =
  | { kind: "table"; table: TableName }
  | { kind: "column"; table: TableName; column: string }
  | { kind: "other"; what: string }

/** Something that statements can name. */
export type Readable = Exclude<Taken, { kind: "other" }>

/** Columns that an operation adds; to a table that is not there, it adds the table. */
export interface Brought {
  table: TableName
  isNew: boolean
  columns: readonly ColumnFacts[]
}

export interface ContractStep {
  /** Run on a shard before anything is taken away, so that a refusal leaves all in place. */
  prepare: readonly Statement[]
  /** Hides what will be dropped, in one transaction, and brings it back. Tried on the canary shard. */
  hide: { sql: readonly string[]; show: readonly string[] } | undefined
  /** Run in order; works on hidden and on unhidden shards. */
  drop: readonly Statement[]
}

/** What is known about the tables that an operation names. */
export type Tables = (table: TableName) => TableFacts | undefined

export interface Operation {
  readonly kind: string
  /** Its place in the change, which gives its objects their names. */
  readonly id: string
  /** One line for a person. */
  describe(): string
  /** Tables that it works on. */
  readonly tables: readonly TableName[]
  /** What it adds to the schema, so that later operations of the change can be judged before it has run. */
  readonly brings: readonly Brought[]
  readonly takes: readonly Taken[]
  readonly letsGo: LetsGo
  /** Columns that are given a default from expand on. */
  readonly fills: readonly { table: TableName; column: string }[]
  /** Expressions that have to give the same value in every session, each over the columns of one row. */
  readonly steady: readonly SteadyExpression[]
  /** Reasons why it cannot work on this shard, checked before its first statement. */
  objections(tables: Tables): readonly Objection[]
  /** SQL of the change file's author, for the lint. */
  readonly texts: readonly SqlText[]
  /** Rules of the lint that the author lets pass. */
  readonly allow: readonly string[]
  /** Queries that PostgreSQL has to accept, none of which reads a row: they prove the expressions. */
  proofs(tables: Tables): readonly Proof[]
  expand(tables: Tables): readonly Statement[]
  rows(tables: Tables): RowWork | undefined
  /** What has to wait for the rows. */
  finish(tables: Tables): readonly Statement[]
  contract(tables: Tables): ContractStep | undefined
}

export interface SqlText {
  /** Where it stands under the operation: "up.method_code". */
  key: string
  use: "expand" | "finish" | "contract" | "undo" | "expression" | "default" | "type"
  sql: string
}

/** What hangs on the taken columns and is meant to go with them. */
export interface LetsGo {
  names: readonly string[]
  /** What rests on one taken column and nothing else goes "along" where the column's values are at an end, and has to be "named" where they live on. */
  own: "along" | "named"
}

export interface SteadyExpression {
  /** Where it stands in the change file: "derive_columns.up.cents". */
  key: string
  sql: string
  /** Type of each column that it may look at. */
  columns: Readonly<Record<string, string>>
}

export interface Objection {
  message: string
  hint: string
}

export interface Proof {
  sql: string
  /** Where the expression stands in the change file: "up.method_code". */
  key: string
}

/** A step whose only work is its undo. */
export const wayBack = (key: string, sql: string, how: UndoHow): Statement => ({
  key,
  how: "marker",
  lock: "none",
  sql: "",
  undo: { sql, how },
})

/** What an operation has to say where it has nothing to say. */
export const nothing = {
  brings: [],
  takes: [],
  letsGo: { names: [], own: "named" },
  fills: [],
  steady: [],
  texts: [],
  allow: [],
  objections: () => [],
  proofs: () => [],
  expand: () => [],
  rows: () => undefined,
  finish: () => [],
  contract: () => undefined,
} satisfies Partial<Operation>

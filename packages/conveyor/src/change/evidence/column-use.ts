// Whether a statement uses a column of a table, by the parser's tree and the scopes of its names. What cannot be ruled
// out counts as use: whole rows, positions, names that may be the table's. Called by the evidence of readers.
import type { TableName } from "../files/names.ts"
import type { SqlTree } from "../lint/sql-parser.ts"
import { nodesOf } from "../lint/sql-parser.ts"

export interface ColumnOfTable {
  table: TableName
  column: string
}

/** What a name in FROM stands for: the table in question, or anything else. */
type Source = "target" | "other"

interface Scope {
  sources: Map<string, Source>
  outer: Scope | undefined
}

/** Tables by their names in WITH hide the real ones. */
type Ctes = ReadonlySet<string>

export function usesColumn(statement: SqlTree, of: ColumnOfTable): boolean {
  return Object.entries(statement).some(([kind, node]) => new Use(of).statement(kind, node as SqlTree, undefined, new Set()))
}

export const isTable = (node: SqlTree, table: TableName): boolean =>
  node["relname"] === table.name && (node["schemaname"] ?? table.schema) === table.schema

class Use {
  readonly #of: ColumnOfTable

  constructor(of: ColumnOfTable) {
    this.#of = of
  }

  statement(kind: string, node: SqlTree, outer: Scope | undefined, known: Ctes): boolean {
    const { found, ctes } = this.#with(node["withClause"] as SqlTree | undefined, outer, known)
    if (found) return true
    const rule = this.#rules[kind]
    return rule === undefined ? this.#opaque(node) : rule(node, outer, ctes)
  }

  readonly #rules: Readonly<Record<string, (node: SqlTree, outer: Scope | undefined, ctes: Ctes) => boolean>> = {
    SelectStmt: (node, outer, ctes) => this.#select(node, outer, ctes),
    InsertStmt: (node, outer, ctes) => this.#insert(node, outer, ctes),
    UpdateStmt: (node, outer, ctes) => this.#write(node, outer, ctes, ["fromClause"]),
    DeleteStmt: (node, outer, ctes) => this.#write(node, outer, ctes, ["usingClause"]),
    MergeStmt: (node, outer, ctes) => this.#write(node, outer, ctes, ["sourceRelation"]),
    CopyStmt: (node, outer, ctes) => (node["query"] === undefined ? this.#copies(node) : this.#nested(node["query"], outer, ctes)),
    CreateTableAsStmt: (node, outer, ctes) => this.#nested(node["query"], outer, ctes),
    DeclareCursorStmt: (node, outer, ctes) => this.#nested(node["query"], outer, ctes),
    ExplainStmt: (node, outer, ctes) => this.#nested(node["query"], outer, ctes),
    PrepareStmt: (node, outer, ctes) => this.#nested(node["query"], outer, ctes),
  }

  /** COPY without columns takes them all. */
  #copies({ relation, attlist }: SqlTree): boolean {
    const columns = this.#names(attlist)
    return isTable((relation ?? {}) as SqlTree, this.#of.table) && (columns.length === 0 || columns.includes(this.#of.column))
  }

  /** DO, CALL and whatever else: its text is all there is to look at. */
  #opaque(node: SqlTree): boolean {
    return JSON.stringify(node).toLowerCase().includes(this.#of.table.name.toLowerCase())
  }

  #nested(tree: unknown, outer: Scope | undefined, ctes: Ctes): boolean {
    return Object.entries((tree ?? {}) as SqlTree).some(([kind, node]) => this.statement(kind, node as SqlTree, outer, ctes))
  }

  #with(clause: SqlTree | undefined, outer: Scope | undefined, known: Ctes): { found: boolean; ctes: Ctes } {
    const ctes = new Set(known)
    const queries = ((clause?.["ctes"] ?? []) as { CommonTableExpr?: SqlTree }[]).flatMap(({ CommonTableExpr: cte }) =>
      cte === undefined ? [] : [cte],
    )
    if (clause?.["recursive"] === true) for (const cte of queries) ctes.add(String(cte["ctename"]))
    for (const cte of queries) {
      if (this.#nested(cte["ctequery"], outer, ctes)) return { found: true, ctes }
      ctes.add(String(cte["ctename"]))
    }
    return { found: false, ctes }
  }

  #select(node: SqlTree, outer: Scope | undefined, ctes: Ctes): boolean {
    if (node["larg"] !== undefined) {
      const sides = [node["larg"], node["rarg"]] as SqlTree[]
      if (sides.some((side) => this.statement("SelectStmt", side, outer, ctes))) return true
    }
    const scope: Scope = { sources: new Map(), outer }
    if (this.#from(node["fromClause"], scope, ctes)) return true
    const { fromClause: _, sortClause, withClause: __, larg: ___, rarg: ____, ...rest } = node
    return this.#expression(rest, scope, ctes) || this.#sorts(sortClause, node["targetList"], scope, ctes)
  }

  /** ORDER BY takes a name of the output first; a number stands for a place of it. */
  #sorts(clause: unknown, targets: unknown, scope: Scope, ctes: Ctes): boolean {
    const outputs = ((targets ?? []) as { ResTarget?: { name?: string } }[]).map(({ ResTarget: target }) => target?.name)
    return ((clause ?? []) as { SortBy?: { node?: SqlTree } }[]).some(({ SortBy: sort }) => {
      const place = (sort?.node?.["A_Const"] as { ival?: { ival?: number } } | undefined)?.ival?.ival
      if (place !== undefined) return place > outputs.length && this.#inReach(scope)
      const [name, ...more] = this.#names((sort?.node?.["ColumnRef"] as SqlTree | undefined)?.["fields"])
      if (name !== undefined && more.length === 0 && outputs.includes(name)) return false
      return this.#expression(sort, scope, ctes)
    })
  }

  #insert(node: SqlTree, outer: Scope | undefined, ctes: Ctes): boolean {
    const scope: Scope = { sources: new Map(), outer }
    const isTarget = this.#relation(node["relation"] as SqlTree, scope, new Set())
    if (isTarget) scope.sources.set("excluded", "target")
    const columns = this.#names(
      ((node["cols"] ?? []) as SqlTree[]).map((column) => ({ String: { sval: (column["ResTarget"] as SqlTree)["name"] } })),
    )
    if (isTarget && (columns.includes(this.#of.column) || (columns.length === 0 && node["selectStmt"] !== undefined))) return true
    if (this.#nested(node["selectStmt"], outer, ctes)) return true
    const { onConflictClause, returningClause } = node
    return this.#assigns(onConflictClause, isTarget) || this.#expression([onConflictClause, returningClause], scope, ctes)
  }

  #write(node: SqlTree, outer: Scope | undefined, ctes: Ctes, sources: readonly string[]): boolean {
    const scope: Scope = { sources: new Map(), outer }
    const isTarget = this.#relation(node["relation"] as SqlTree, scope, new Set())
    for (const key of sources) if (this.#from(asList(node[key]), scope, ctes)) return true
    const rest = Object.fromEntries(Object.entries(node).filter(([key]) => !["relation", "withClause", ...sources].includes(key)))
    return this.#assigns(rest, isTarget) || this.#expression(rest, scope, ctes)
  }

  /** Columns that are set, conflicts by index, and rows that MERGE inserts by position. */
  #assigns(clause: unknown, isTarget: boolean): boolean {
    if (!isTarget) return false
    for (const [kind, node] of nodesOf(clause)) {
      if ((kind === "ResTarget" && node["val"] !== undefined) || kind === "IndexElem") {
        if (node["name"] === this.#of.column) return true
      } else if (kind === "MergeWhenClause") {
        const names = ((node["targetList"] ?? []) as { ResTarget?: { name?: string } }[]).map(({ ResTarget: target }) => target?.name)
        if (names.includes(this.#of.column) || (node["commandType"] === "CMD_INSERT" && names.length === 0)) return true
      }
    }
    return false
  }

  /** Puts the sources of FROM into the scope; true where already they use the column. */
  #from(items: unknown, scope: Scope, ctes: Ctes): boolean {
    return asList(items).some((item) => this.#source(item as SqlTree, scope, ctes).found)
  }

  #source(item: SqlTree, scope: Scope, ctes: Ctes): { found: boolean; hasTarget: boolean } {
    const [[kind, node] = ["", {}]] = Object.entries(item) as [string, SqlTree][]
    if (kind === "RangeVar") {
      const hasTarget = this.#relation(node, scope, ctes)
      const renamed = (node["alias"] as { colnames?: unknown[] } | undefined)?.colnames !== undefined
      return { found: hasTarget && renamed, hasTarget }
    }
    const alias = (node["alias"] as { aliasname?: string } | undefined)?.aliasname
    if (kind === "JoinExpr") {
      const [left, right] = [node["larg"], node["rarg"]].map((side) => this.#source((side ?? {}) as SqlTree, scope, ctes))
      const hasTarget = left?.hasTarget === true || right?.hasTarget === true
      if (alias !== undefined) scope.sources.set(alias, hasTarget ? "target" : "other")
      const byName = node["isNatural"] === true || this.#names(node["usingClause"]).includes(this.#of.column)
      const found = left?.found === true || right?.found === true || (hasTarget && byName) || this.#expression(node["quals"], scope, ctes)
      return { found, hasTarget }
    }
    if (alias !== undefined) scope.sources.set(alias, "other")
    if (kind === "RangeSubselect")
      return { found: this.#nested(node["subquery"], node["lateral"] === true ? scope : scope.outer, ctes), hasTarget: false }
    if (kind === "RangeTableSample") return this.#source((node["relation"] ?? {}) as SqlTree, scope, ctes)
    return { found: this.#expression(node, scope, ctes), hasTarget: false }
  }

  /** Whether the relation is the table in question; its name is put into the scope. */
  #relation(node: SqlTree | undefined, scope: Scope, ctes: Ctes): boolean {
    if (node === undefined) return false
    const isHidden = node["schemaname"] === undefined && ctes.has(String(node["relname"]))
    const isTarget = !isHidden && isTable(node, this.#of.table)
    const name = (node["alias"] as { aliasname?: string } | undefined)?.aliasname ?? String(node["relname"])
    scope.sources.set(name, isTarget ? "target" : "other")
    return isTarget
  }

  #expression(tree: unknown, scope: Scope, ctes: Ctes): boolean {
    if (Array.isArray(tree)) return tree.some((item) => this.#expression(item, scope, ctes))
    if (typeof tree !== "object" || tree === null) return false
    return Object.entries(tree).some(([kind, node]) => {
      if (kind === "ColumnRef") return this.#refers((node as SqlTree)["fields"] as SqlTree[], scope)
      if (this.#rules[kind] !== undefined) return this.statement(kind, node as SqlTree, scope, ctes)
      return this.#expression(node, scope, ctes)
    })
  }

  #refers(fields: readonly SqlTree[], scope: Scope): boolean {
    const names = this.#names(fields)
    const isStar = fields.some((field) => "A_Star" in field)
    const [qualifier, name] = isStar ? [names.at(-1), undefined] : [names.at(-2), names.at(-1)]
    if (qualifier === undefined) {
      if (isStar) return [...scope.sources.values()].includes("target")
      // A name of a source by itself is its whole row.
      if (sourceOf(name ?? "", scope) === "target") return true
      return name === this.#of.column && this.#inReach(scope)
    }
    const source = sourceOf(qualifier, scope)
    if (source === "other") return false
    return isStar || name === this.#of.column
  }

  #inReach(scope: Scope | undefined): boolean {
    for (let one = scope; one !== undefined; one = one.outer) if ([...one.sources.values()].includes("target")) return true
    return false
  }

  #names(fields: unknown): string[] {
    return asList(fields).flatMap((field) => (field as { String?: { sval?: string } }).String?.sval ?? [])
  }
}

function sourceOf(name: string, scope: Scope): Source | undefined {
  for (let one: Scope | undefined = scope; one !== undefined; one = one.outer) {
    const source = one.sources.get(name)
    if (source !== undefined) return source
  }
  return undefined
}

function asList(value: unknown): unknown[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]
}

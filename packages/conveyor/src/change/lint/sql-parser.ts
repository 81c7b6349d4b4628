// PostgreSQL's own parser, loaded when first needed: its trees answer what a regular expression can only guess.
// Called by the lint and by the contract gate.

export type SqlTree = Record<string, unknown>

interface Parser {
  loadModule(): Promise<void>
  parseSync(sql: string): { stmts?: { stmt?: unknown; stmt_location?: number }[] }
}

let loaded: Promise<Parser> | undefined

function loadParser(): Promise<Parser> {
  loaded ??= load()
  return loaded
}

async function load(): Promise<Parser> {
  const parser: Parser = await import("libpg-query")
  await parser.loadModule()
  return parser
}

export interface ParsedStatement {
  tree: SqlTree
  /** Offset of its first byte in the text. */
  offset: number
}

/** @throws what the parser says, with its cursor position. */
export async function parseSql(sql: string): Promise<ParsedStatement[]> {
  const parser = await loadParser()
  const { stmts = [] } = parser.parseSync(sql)
  return stmts.map(({ stmt, stmt_location: offset = 0 }) => ({ tree: stmt as SqlTree, offset }))
}

/** Every node of a tree with its kind, the tree itself first. */
export function* nodesOf(tree: unknown): Generator<[kind: string, node: SqlTree]> {
  if (Array.isArray(tree)) {
    for (const item of tree) yield* nodesOf(item)
    return
  }
  if (typeof tree !== "object" || tree === null) return
  for (const [kind, node] of Object.entries(tree)) {
    if (typeof node !== "object" || node === null) continue
    if (!Array.isArray(node)) yield [kind, node as SqlTree]
    yield* nodesOf(node)
  }
}

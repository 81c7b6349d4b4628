// The tables of an operation, as the shard has them now. Called by every phase before it makes statements.
import { sqlName } from "../files/names.ts"
import type { Session } from "../fleet/session.ts"
import type { Operation, Tables } from "../operations/operation.ts"
import { readTable } from "./catalog.ts"
import type { TableFacts } from "./catalog.ts"

export async function readTables(session: Session, operation: Operation): Promise<Tables> {
  const facts = new Map<string, TableFacts | undefined>()
  for (const table of operation.tables) facts.set(sqlName(table), await readTable(session, table))
  return (table) => facts.get(sqlName(table))
}

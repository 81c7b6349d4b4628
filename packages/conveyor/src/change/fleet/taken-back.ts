// Statements that are tried on a shard and taken back, whatever they say: PostgreSQL judges, and nothing has happened.
// Called by the examination of a change and by the contract gate.
import type { Session } from "./session.ts"

/** @throws what the first statement that is refused throws. */
export async function tryAndTakeBack(session: Session, statements: readonly string[]): Promise<void> {
  await session.execute("BEGIN READ WRITE")
  try {
    for (const sql of statements) await session.execute(sql)
  } finally {
    await session.execute("ROLLBACK").catch(() => {})
  }
}

// Revisions of a shop's rows, and what goes with them. Every change here begins with the shop's next revision, which lets one change of a shop at a time
// through: so no two of them can deadlock, and what was looked at stays true until commit. Called by all stores.
import type { Reader, Row } from "@florist/kit/database"
import { where } from "@florist/kit/listing"
import type { Condition } from "@florist/kit/listing"
import { conflict } from "@florist/kit/refusal"
import { createHash } from "node:crypto"
import { z } from "zod"

/** The number that a client asks changes after next time. Read before the rows are, so that none is missed. */
export async function currentRevision(reader: Reader): Promise<number> {
  const [row] = await reader.query("SELECT value FROM loyalty.revision")
  return row === undefined ? 0 : Number(row.value)
}

export const revisionFilter = z.coerce.number().int().min(0).max(2_147_483_647).optional()

export const changedAfter = (revision: number | undefined): Condition | undefined => where("revision > ?", revision)

/** @throws Refusal 409 where the client changes what it has not seen in its present state. */
export function refuseStale(given: number | undefined, row: Row): void {
  if (given === undefined || given === Number(row.revision)) return
  const detail = `It was changed since (revision ${String(row.revision)}, not ${given}); read it again and repeat the change.`
  throw conflict(detail, { pointer: "/data/attributes/revision" }, "stale-revision")
}

/** Tells creating the same again from creating something else under the same id. */
export const contentHash = (content: unknown): string => createHash("sha256").update(JSON.stringify(content)).digest("hex")

/** @throws Refusal 409 where the id stands for something else. */
export function refuseOtherContent(row: Row, content: string): void {
  if (row.made_from === content) return
  throw conflict("Something else was created with this id before; a new one needs a new id.", { pointer: "/data/id" }, "id-taken")
}

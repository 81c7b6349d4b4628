// What the lists of this service share. Called by the list operations.
import type { Reader } from "@florist/kit/database"

/** The shop's newest revision: what a client gives as revision to get only what changed since. */
export async function latestRevision(reader: Reader): Promise<number> {
  const [row] = await reader.query("SELECT value FROM staff.revision")
  return Number(row?.value ?? 0)
}

/** For ILIKE, anywhere in the text. Shops have few stores and workers, so that no index is needed. */
export const pattern = (search: string | undefined): string | undefined =>
  search === undefined ? undefined : `%${search.trim().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`

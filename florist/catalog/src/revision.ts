// Called by lists whose meta tells the shop's newest revision: what a client gives as revision to get only what changed since.
import type { Reader } from "@florist/kit/database"

export async function latestRevision(reader: Reader): Promise<number> {
  const [row] = await reader.query("SELECT value FROM catalog.revision")
  return Number(row?.value ?? 0)
}

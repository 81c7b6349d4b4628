// Why a fetch failed, in words. Called by the client and the courier.

/** The runtime says "fetch failed" and keeps the reason to the cause. */
export function whyFetchFailed(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message
}

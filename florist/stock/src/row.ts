// Columns of ids and texts that may be missing, as the driver gives them. Called by the stores.

/** The service's tables hold text, uuid and date there, which all come as text. */
export const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null)

// Values of a row that may be NULL. Called by whatever reads rows.
export const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null)
export const dateOf = (value: unknown): Date | null => (value instanceof Date ? value : null)

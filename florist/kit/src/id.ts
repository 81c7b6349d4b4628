// Ids that the platform makes itself where the client did not: UUID version 7 (RFC 9562), ordered by time.
import { v5, v7 } from "uuid"

export const newId = (): string => v7()

const namespace = "5f0e0c5a-6a53-4c0e-9a0b-2f6f4a1f7d11"

/** Always the same for the same text: whoever does a thing again after it was cut off finds what was made. */
export const idFrom = (text: string): string => v5(text, namespace)

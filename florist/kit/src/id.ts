// Ids that the platform makes itself where the client did not: UUID version 7 (RFC 9562), ordered by time.
import { v7 } from "uuid"

export const newId = (): string => v7()

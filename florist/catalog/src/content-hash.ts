// Whether a request to make something asks for the same as the one that made it. Called where items and categories are made.
import { createHash } from "node:crypto"

export const contentHash = (content: object): string => createHash("sha256").update(JSON.stringify(content)).digest("base64url")

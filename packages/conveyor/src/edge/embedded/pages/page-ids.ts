// The ids of pages: made and signed by the edge with each document that it serves, so that nobody can make up pages that hold
// a version back. Made by the edge process; used by documents' answers and by the notice channels.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"

const [randomLength, signatureLength] = [12, 16]

export class PageIds {
  #key: Buffer

  /** Every member of an edge needs the same secret, or takes the pages of others for made up. */
  constructor(secret: string) {
    this.#key = createHmac("sha256", secret).update("ids of pages").digest()
  }

  /** For one document of the version: 28 characters that are themselves in headers, queries and cookies. */
  issue(version: string): string {
    const random = randomBytes(9).toString("base64url")
    return random + this.#sign(random, version)
  }

  isIssued(id: string, version: string): boolean {
    if (!/^[\w-]{28}$/.test(id)) return false
    const [random, signature] = [id.slice(0, randomLength), id.slice(randomLength)]
    return timingSafeEqual(Buffer.from(signature), Buffer.from(this.#sign(random, version)))
  }

  #sign(random: string, version: string): string {
    return createHmac("sha256", this.#key).update(`${random} ${version}`).digest("base64url").slice(0, signatureLength)
  }
}

// Ids that follow from others (UUID version 5, RFC 9562), so that whoever makes them twice makes the same. Pure.
import { createHash } from "node:crypto"
import { newId } from "@florist/kit/id"

/** Of what a request makes: the client's own id, else one that follows from its Idempotency-Key, so that rivals with one key make one thing. */
export const requestedId = (shop: number, operation: string, { id, key }: { id: string | undefined; key: string | undefined }): string =>
  id ?? (key === undefined ? newId() : derivedId(`${operation} ${shop} ${key}`))

/** Florist's own name space. */
const space = Buffer.from("6e9f3a1c5f0b5d0e8a6b1f6d7c2e4a90", "hex")

/** "payment-method 17 cash" gives the same id everywhere and always. */
export function derivedId(name: string): string {
  const bytes = createHash("sha1").update(space).update(name).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
}

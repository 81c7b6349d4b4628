// Data objects as EMVCo writes them: an identifier of two digits, a length of two digits, the value. Pure; called by emv-qr.ts.
import { EmvQrError } from "./emv-qr-error.ts"

export interface DataObject {
  /** "00" to "99". */
  id: string
  value: string
}

/** Lengths count characters, as the specification does for text of any alphabet. */
export function writeObjects(objects: readonly DataObject[]): string {
  return objects.map(writeObject).join("")
}

function writeObject({ id, value }: DataObject): string {
  const length = Array.from(value).length
  if (!/^\d\d$/.test(id)) throw new EmvQrError("bad-field", `"${id}" is not an identifier of two digits`)
  if (length < 1 || length > 99) throw new EmvQrError("bad-field", `${id} has ${length} characters; 1 to 99 can be written`)
  return `${id}${String(length).padStart(2, "0")}${value}`
}

/** @throws EmvQrError for text that ends early, a length that is no number, and an identifier that comes twice. */
export function readObjects(text: string): DataObject[] {
  const characters = Array.from(text)
  const objects: DataObject[] = []
  for (let at = 0; at < characters.length;) {
    const head = characters.slice(at, at + 4).join("")
    if (!/^\d{4}$/.test(head)) throw new EmvQrError("bad-object", `no identifier and length at character ${at}`)
    const id = head.slice(0, 2)
    const length = Number(head.slice(2))
    const value = characters.slice(at + 4, at + 4 + length)
    if (length === 0 || value.length < length)
      throw new EmvQrError("bad-object", `${id} says ${length} characters, ${value.length} are there`)
    if (objects.some((object) => object.id === id)) throw new EmvQrError("repeated-field", `${id} comes twice`)
    objects.push({ id, value: value.join("") })
    at += 4 + length
  }
  return objects
}

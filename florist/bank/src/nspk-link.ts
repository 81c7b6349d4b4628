// The link that a payment code of the Faster Payments System holds. Pure; called by the bank, which makes it, and by who shows or reads it.
//
// Source: the examples of https://pay.raif.ru/doc/sbp.html, https://qr.nspk.ru/<id>?type=02&bank=<12 digits>&sum=<kopecks>&cur=RUB&crc=<4 hex>.
// How the sum is made is not published; CRC-16/CCITT-FALSE over the link before "&crc=" gives the value of its main example, AB75, and is used here.
// The form without a sum follows its links that carry none.
import { crc16 } from "./crc16.ts"

export interface NspkLink {
  qrId: string
  /** "02" is payable once, "01" many times. */
  type: "01" | "02"
  /** The bank's number in the system, 12 digits. */
  bank: string
  /** Kopecks; undefined where the customer says how much. */
  amount: bigint | undefined
}

export class NspkLinkError extends Error {
  override readonly name = "NspkLinkError"
}

export function encodeNspkLink({ qrId, type, bank, amount }: NspkLink): string {
  const sum = amount === undefined ? "" : `&sum=${amount}&cur=RUB`
  const link = `https://qr.nspk.ru/${qrId}?type=${type}&bank=${bank}${sum}`
  return `${link}&crc=${crc16(link)}`
}

/** @throws NspkLinkError for another form, or for a link whose checksum is of another text. */
export function decodeNspkLink(text: string): NspkLink {
  const form =
    /^(?<link>https:\/\/qr\.nspk\.ru\/(?<qrId>[0-9A-Z]{32})\?type=(?<type>01|02)&bank=(?<bank>\d{12})(?:&sum=(?<sum>\d{1,15})&cur=RUB)?)&crc=(?<crc>[0-9A-F]{4})$/
  const found = form.exec(text)?.groups
  if (found === undefined) throw new NspkLinkError("the text is not a payment link")
  const { link = "", qrId = "", type, bank = "", sum, crc } = found
  if (crc16(link) !== crc) throw new NspkLinkError(`the checksum ${crc ?? ""} is not that of the link`)
  return { qrId, type: type === "01" ? "01" : "02", bank, amount: sum === undefined ? undefined : BigInt(sum) }
}

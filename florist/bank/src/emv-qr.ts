// The EMVCo merchant-presented payment code: what a shop outside the Faster Payments System shows to be paid. Pure; called by the payments service.
//
// Source: EMVCo, "QR Code Specification for Payment Systems: Merchant-Presented Mode", https://www.emvco.com/emv-technologies/qrcodes/.
// The specification itself is given out on request only; field numbers and lengths were taken from public descriptions of it
// (https://github.com/bwipp/postscriptbarcode/wiki/EMV-QR-Code, https://developer.mastercard.com/mastercard-checkout-solutions/), and the checksum
// from their examples. Chosen here: a length counts characters, the checksum goes over UTF-8 bytes, amounts are roubles with two digits.
import { crc16 } from "./crc16.ts"
import { EmvQrError } from "./emv-qr-error.ts"
import { kopecksOf, roublesOf } from "./money.ts"
import { readObjects, writeObjects } from "./tlv.ts"
import type { DataObject } from "./tlv.ts"

export { EmvQrError } from "./emv-qr-error.ts"

export interface EmvQr {
  /** "dynamic" is made for one sale, "static" is shown for many. */
  initiation: "dynamic" | "static"
  /** Where the money goes, one per payment network. */
  accounts: readonly [MerchantAccount, ...MerchantAccount[]]
  /** Merchant category code of ISO 18245: "5992" are florists. */
  category: string
  /** Kopecks; undefined where the customer says how much. The currency is the rouble, 643. */
  amount: bigint | undefined
  /** ISO 3166-1: "RU". */
  country: string
  /** Latin letters; at most 25. */
  merchantName: string
  /** Latin letters; at most 15. */
  merchantCity: string
  /** The name in the language of the shop's customers, with the two letters of that language. */
  local: LocalName | undefined
  billNumber: string | undefined
  /** Reference label: what the payment is found again by. */
  reference: string | undefined
  /** Fields that this reader knows nothing of, in their order. */
  others: readonly DataObject[]
}

export interface MerchantAccount {
  /** "26" to "51". */
  id: string
  /** Whose account it is: a reversed domain name, or a number given by the network. */
  network: string
  /** As the network defines them, "01" to "99". */
  fields: readonly DataObject[]
}

export interface LocalName {
  language: string
  name: string
}

const rouble = "643"
const mostCharacters = 512
const ids = {
  format: "00",
  initiation: "01",
  category: "52",
  currency: "53",
  amount: "54",
  country: "58",
  name: "59",
  city: "60",
  additional: "62",
  checksum: "63",
  local: "64",
} as const
const within = { network: "00", billNumber: "01", reference: "05", language: "00", localName: "01" } as const
const initiations = { static: "11", dynamic: "12" } as const

/** What each field may hold. Plain text is printable ASCII; only the local name is of any alphabet. */
const allowed = {
  format: /^01$/,
  initiation: /^1[12]$/,
  account: /^(2[6-9]|[34]\d|5[01])$/,
  network: /^[ -~]{1,32}$/,
  accountField: /^(0[1-9]|[1-9]\d)$/,
  plain: /^[ -~]{1,99}$/,
  category: /^\d{4}$/,
  currency: /^643$/,
  amount: /^\d{1,10}(\.\d{1,2})?$/,
  country: /^[A-Z]{2}$/,
  name: /^[ -~]{1,25}$/,
  city: /^[ -~]{1,15}$/,
  label: /^[ -~]{1,25}$/,
  language: /^[a-z]{2}$/,
  localName: /^\P{Cc}{1,25}$/u,
  /** Tips, postal code, and what is reserved or left to others. */
  other: /^(5[567]|61|6[5-9]|[7-9]\d)$/,
} as const

/** @throws EmvQrError with "bad-field" or "too-long" for what cannot be written. */
export function encodeEmvQr(qr: EmvQr): string {
  const body = writeObjects([
    { id: ids.format, value: "01" },
    { id: ids.initiation, value: initiations[qr.initiation] },
    ...qr.accounts.map(writeAccount),
    { id: ids.category, value: matching("category", qr.category) },
    { id: ids.currency, value: rouble },
    ...optional(ids.amount, qr.amount === undefined ? undefined : writeAmount(qr.amount)),
    { id: ids.country, value: matching("country", qr.country) },
    { id: ids.name, value: matching("name", qr.merchantName) },
    { id: ids.city, value: matching("city", qr.merchantCity) },
    ...optional(ids.additional, writeAdditional(qr)),
    ...optional(ids.local, qr.local === undefined ? undefined : writeLocal(qr.local)),
    ...qr.others.map(writeOther),
  ])
  const text = `${body}${ids.checksum}04`
  readObjects(body)
  if (text.length + 4 > mostCharacters) throw new EmvQrError("too-long", `${text.length + 4} characters; ${mostCharacters} fit`)
  return `${text}${crc16(text)}`
}

/** @throws EmvQrError. The checksum is compared before anything is read: one changed character is always found. */
export function decodeEmvQr(text: string): EmvQr {
  const objects = readObjects(checked(text))
  if (objects[0]?.id !== ids.format) throw new EmvQrError("bad-order", "the format indicator is not first")
  const fields = new Map(objects.map(({ id, value }) => [id, value]))
  matching("format", needed(fields, ids.format))
  matching("currency", needed(fields, ids.currency))
  const additional = readTemplate(fields.get(ids.additional))
  const amount = fields.get(ids.amount)
  return {
    initiation: matching("initiation", needed(fields, ids.initiation)) === initiations.dynamic ? "dynamic" : "static",
    accounts: readAccounts(objects),
    category: matching("category", needed(fields, ids.category)),
    amount: amount === undefined ? undefined : kopecksOf(matching("amount", amount)),
    country: matching("country", needed(fields, ids.country)),
    merchantName: matching("name", needed(fields, ids.name)),
    merchantCity: matching("city", needed(fields, ids.city)),
    local: readLocal(fields.get(ids.local)),
    billNumber: labelOf(additional, within.billNumber),
    reference: labelOf(additional, within.reference),
    others: objects.filter(({ id }) => allowed.other.test(id)),
  }
}

/** The text before its checksum. */
function checked(text: string): string {
  if (text.length > mostCharacters) throw new EmvQrError("too-long", `${text.length} characters; ${mostCharacters} fit`)
  const said = text.slice(-4)
  const body = text.slice(0, -8)
  if (text.slice(-8, -4) !== `${ids.checksum}04`) throw new EmvQrError("bad-order", "the checksum is not last")
  if (crc16(text.slice(0, -4)) !== said) throw new EmvQrError("bad-checksum", `the checksum ${said} is not that of the text`)
  return body
}

function writeAccount({ id, network, fields }: MerchantAccount): DataObject {
  const objects = fields.map((field) => {
    matching("accountField", field.id)
    return { id: field.id, value: matching("plain", field.value) }
  })
  const value = writeObjects([{ id: within.network, value: matching("network", network) }, ...objects])
  return { id: matching("account", id), value: matching("plain", value) }
}

function readAccounts(objects: readonly DataObject[]): [MerchantAccount, ...MerchantAccount[]] {
  const [first, ...more] = objects.filter(({ id }) => allowed.account.test(id)).map(readAccount)
  if (first === undefined) throw new EmvQrError("missing-field", "no merchant account, 26 to 51")
  return [first, ...more]
}

function readAccount({ id, value }: DataObject): MerchantAccount {
  const [network, ...fields] = readObjects(value)
  if (network?.id !== within.network) throw new EmvQrError("missing-field", `${id} does not begin with its network`)
  return { id, network: matching("network", network.value), fields }
}

function writeAdditional({ billNumber, reference }: EmvQr): string | undefined {
  const objects = [...optional(within.billNumber, billNumber), ...optional(within.reference, reference)]
  for (const { value } of objects) matching("label", value)
  return objects.length === 0 ? undefined : writeObjects(objects)
}

function writeLocal({ language, name }: LocalName): string {
  return writeObjects([
    { id: within.language, value: matching("language", language) },
    { id: within.localName, value: matching("localName", name) },
  ])
}

function readLocal(value: string | undefined): LocalName | undefined {
  if (value === undefined) return undefined
  const fields = readTemplate(value)
  return {
    language: matching("language", needed(fields, within.language)),
    name: matching("localName", needed(fields, within.localName)),
  }
}

function writeOther({ id, value }: DataObject): DataObject {
  return { id: matching("other", id), value: matching("plain", value) }
}

function writeAmount(amount: bigint): string {
  return matching("amount", roublesOf(amount))
}

function labelOf(additional: ReadonlyMap<string, string>, id: string): string | undefined {
  const value = additional.get(id)
  return value === undefined ? undefined : matching("label", value)
}

function readTemplate(value: string | undefined): ReadonlyMap<string, string> {
  return new Map(readObjects(value ?? "").map(({ id, value }) => [id, value]))
}

function optional(id: string, value: string | undefined): DataObject[] {
  return value === undefined ? [] : [{ id, value }]
}

function needed(fields: ReadonlyMap<string, string>, id: string): string {
  const value = fields.get(id)
  if (value === undefined) throw new EmvQrError("missing-field", `${id} is missing`)
  return value
}

function matching(field: keyof typeof allowed, value: string): string {
  if (!allowed[field].test(value)) throw new EmvQrError("bad-field", `"${value}" cannot be the ${field} of a payment code`)
  return value
}

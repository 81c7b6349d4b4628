// Barcodes: EAN-13, EAN-8 and UPC-A, whose last digit checks the others. Pure; called by items.
export const barcodeTypes = ["upc", "ean8", "ean13"] as const
export type BarcodeType = (typeof barcodeTypes)[number]

const lengths: Readonly<Record<BarcodeType, number>> = { upc: 12, ean8: 8, ean13: 13 }

/** The type that a code of this length has; undefined where none does. */
export const typeOf = (barcode: string): BarcodeType | undefined => barcodeTypes.find((type) => lengths[type] === barcode.length)

export function isBarcode(barcode: string, type: BarcodeType): boolean {
  return /^\d+$/.test(barcode) && barcode.length === lengths[type] && barcode.at(-1) === checkDigit(barcode.slice(0, -1))
}

/** From the right, digits weigh 3 and 1 by turns; the check digit brings the sum to a whole ten. */
export function checkDigit(digits: string): string {
  const sum = Array.from(digits, Number)
    .toReversed()
    .reduce((total, digit, n) => total + digit * (n % 2 === 0 ? 3 : 1), 0)
  return String((10 - (sum % 10)) % 10)
}

/** An EAN-13 of the shop's own: those that begin with 2 are free for use within a shop. */
export function ownBarcode(number: number): string {
  const digits = `2${String(number).padStart(11, "0")}`
  return `${digits}${checkDigit(digits)}`
}

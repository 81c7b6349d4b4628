// Phone numbers as people write them, kept as one country code and the digits after it, so that every way of writing finds the same customer.
// Called by customers, their search, and imports.

export interface Phone {
  countryCode: number
  /** Digits after the country code. */
  number: string
}

/** Where a shop says nothing else: Russia and Kazakhstan, whose numbers are also written with a leading 8. */
const usual = 7
const usualLength = 10

/** Codes that a number written with "+" may begin with, the longest first; 7 and 1 stand for all that begin so. */
const codes = (
  "375 380 370 371 372 373 374 992 993 994 995 996 998 971 972 381 385 420 421 " +
  "30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 52 55 61 62 63 64 65 66 81 82 84 86 90 91 1 7"
).split(" ")

/**
 * "+7 (926) 869-36-54", "8 926 869 36 54", "79268693654" and "9268693654" are the same.
 * @param countryCode what the client says beside it; a number written with "+" or "00" says it itself.
 * @returns undefined where there are no digits, or more than a number can have (15).
 */
export function readPhone(written: string, countryCode?: number): Phone | undefined {
  const digits = written.replaceAll(/\D/g, "")
  const isInternational = /^\s*\+/.test(written) || digits.startsWith("00")
  const international = digits.replace(/^00/, "")
  if (international === "" || international.length > 15) return undefined
  if (isInternational) return withCode(international, countryCode)
  const code = countryCode ?? usual
  return { countryCode: code, number: withoutCode(digits, code) }
}

export const fullNumber = ({ countryCode, number }: Phone): string => `${countryCode}${number}`

/** What the beginning of a number may stand for, however it is written: prefixes of a full number or of the digits after the code. */
export function phonePrefixes(written: string): string[] {
  const digits = written.replaceAll(/\D/g, "").replace(/^00/, "")
  if (digits === "") return []
  const isDomestic = digits.startsWith("8") && !/^\s*\+/.test(written)
  return isDomestic ? [digits, `${usual}${digits.slice(1)}`] : [digits]
}

function withCode(digits: string, said: number | undefined): Phone {
  const code = said !== undefined && digits.startsWith(String(said)) ? String(said) : codes.find((each) => digits.startsWith(each))
  if (code === undefined || code.length === digits.length) return { countryCode: said ?? usual, number: digits }
  return { countryCode: Number(code), number: digits.slice(code.length) }
}

function withoutCode(digits: string, code: number): string {
  if (code === usual) {
    const isWhole = digits.length === usualLength + 1 && (digits.startsWith("8") || digits.startsWith("7"))
    return isWhole ? digits.slice(1) : digits
  }
  const own = String(code)
  // Shorter than this, the same digits are more likely a number that only looks like the code.
  const isWhole = digits.startsWith(own) && digits.length - own.length >= 7 && digits.length > 9
  return isWhole ? digits.slice(own.length) : digits
}

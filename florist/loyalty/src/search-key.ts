// What a search finds a customer by: words of the name, forms of the phone, the bonus card. Each is found by its beginning, through an index,
// however many customers there are. Called by the customers' store and filters.
import { where } from "@florist/kit/listing"
import type { Condition } from "@florist/kit/listing"
import { fullNumber, phonePrefixes } from "./phone.ts"
import type { Phone } from "./phone.ts"

const longestKey = 100
const lastDigits = 4
const mostKeys = 40
const mostWords = 8

export function keysOf({ title, phone, bonusCard }: { title: string; phone: Phone | null; bonusCard: string | null }): string[] {
  const phones = phone === null ? [] : [fullNumber(phone), phone.number, phone.number.slice(-lastDigits)]
  return [...new Set([...phones, ...wordsOf(bonusCard ?? ""), ...wordsOf(title)])].map((key) => key.slice(0, longestKey)).slice(0, mostKeys)
}

/** A customer is found by all words of the text, or by the beginning of a phone, however it is written. */
export function searchConditions(text: string | undefined): (Condition | undefined)[] {
  if (text === undefined || text.trim() === "") return []
  const words = wordsOf(text).slice(0, mostWords)
  const isPhone = /^[\s\d()+.-]*\d[\s\d()+.-]*$/.test(text)
  if (isPhone) return [beginsWithAny([...new Set([...phonePrefixes(text), ...words.slice(0, words.length > 1 ? 0 : 1)])])]
  return words.length === 0 ? [where("false")] : words.map((word) => beginsWithAny([word]))
}

const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .replaceAll("ё", "е")
    .match(/[\p{L}\p{N}]+/gu) ?? []

/** In byte order, U+10FFFF comes after everything that can follow. */
function beginsWithAny(keys: readonly string[]): Condition {
  const starts = keys.map((key) => key.slice(0, longestKey))
  const ranges = starts.map(() => "(found.key >= ? AND found.key < ?)").join(" OR ")
  return {
    sql: `EXISTS (SELECT FROM loyalty.customer_key found WHERE found.shop_id = customer.shop_id AND found.customer_id = customer.id AND (${ranges}))`,
    values: starts.flatMap((start) => [start, `${start}\u{10FFFF}`]),
  }
}

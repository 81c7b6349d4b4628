// What a search finds a customer by: words of the name, forms of the phone, the bonus card. Each is found by its beginning, through an index,
// however many customers there are. Called by the customers' store and filters.
import type { Condition } from "@florist/kit/listing"
import { fullNumber, phonePrefixes } from "./phone.ts"
import type { Phone } from "./phone.ts"

const longestKey = 100
const lastDigits = 4
const mostKeys = 40
const mostWords = 8

export function keysOf({ title, phone, bonusCard }: { title: string; phone: Phone | null; bonusCard: string | null }): string[] {
  const phones = phone === null ? [] : [fullNumber(phone), phone.number, phone.number.slice(-lastDigits)]
  const cards = bonusCard === null ? [] : [folded(bonusCard)]
  return [...new Set([folded(title), ...wordsOf(title), ...phones, ...cards])]
    .filter((key) => key !== "")
    .map((key) => key.slice(0, longestKey))
    .slice(0, mostKeys)
}

/** A customer is found by the whole text, by all of its words, or by the beginning of a phone. */
export function searchCondition(text: string | undefined): Condition | undefined {
  if (text === undefined || text.trim() === "") return undefined
  const words = wordsOf(text).slice(0, mostWords)
  const isPhone = /^[\s\d()+.-]*\d[\s\d()+.-]*$/.test(text)
  const whole = [folded(text), ...(isPhone ? phonePrefixes(text) : [])].map((key) => beginsWith(key))
  const all = words.length > 1 ? [together(words.map(beginsWith), " AND ")] : words.map(beginsWith)
  return together([...whole, ...(isPhone ? [] : all)], " OR ")
}

const folded = (text: string): string => text.trim().toLowerCase().replaceAll("ё", "е").replaceAll(/\s+/g, " ")
const wordsOf = (text: string): string[] => folded(text).match(/[\p{L}\p{N}]+/gu) ?? []

/** In byte order, U+10FFFF comes after everything that can follow. */
function beginsWith(key: string): Condition {
  const start = key.slice(0, longestKey)
  return {
    sql: "id IN (SELECT customer_id FROM loyalty.customer_key WHERE key >= ? AND key < ?)",
    values: [start, `${start}\u{10FFFF}`],
  }
}

function together(conditions: readonly Condition[], by: " AND " | " OR "): Condition {
  return { sql: `(${conditions.map(({ sql }) => sql).join(by)})`, values: conditions.flatMap(({ values }) => values) }
}

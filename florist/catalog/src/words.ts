// The words that an item is found by: lower case, ё as е, letters and digits alone. A search matches items that have a word beginning with each of its own
// words. Pure; called where items are written and where they are searched.
const longestWord = 60
const mostWords = 60
const mostSearched = 8

export function wordsOf(...texts: readonly string[]): string[] {
  const words = texts.flatMap(
    (text) =>
      text
        .normalize("NFKC")
        .toLowerCase()
        .replaceAll("ё", "е")
        .match(/[\p{L}\p{N}]+/gu) ?? [],
  )
  return [...new Set(words.map((word) => word.slice(0, longestWord)))].slice(0, mostWords)
}

/** From the word itself up to the first text that does not begin with it, in the order of code points. */
export const rangesOf = (search: string): { from: string; below: string }[] =>
  wordsOf(search)
    .slice(0, mostSearched)
    .map((from) => ({ from, below: `${from}\u{10FFFF}` }))

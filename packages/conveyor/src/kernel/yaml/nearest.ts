// The known word that was probably meant. Called for keys and values that nobody knows.

/** Undefined where none is near: within a third of the word's length, counted in letters to change. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const closest = known
    .map((each) => ({ each, far: distance(word.toLowerCase(), each.toLowerCase()) }))
    .toSorted((a, b) => a.far - b.far)
    .at(0)
  return closest !== undefined && closest.far <= Math.max(1, Math.floor(word.length / 3)) ? closest.each : undefined
}

/** Letters to add, drop, change or swap with their neighbour (optimal string alignment; Damerau 1964, Levenshtein 1965). */
function distance(from: string, to: string): number {
  let [before, row] = [[] as number[], Array.from({ length: to.length + 1 }, (_, i) => i)]
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const changed = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      const swapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1] ? (before[j - 2] ?? Infinity) + 1 : Infinity
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, changed, swapped))
    }
    ;[before, row] = [row, next]
  }
  return row[to.length] ?? 0
}

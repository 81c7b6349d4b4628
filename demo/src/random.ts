// Repeatable randomness for the seed: the same number gives the same platform. Fast, because it is asked millions of times.

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** A whole number in [0, below). */
  below(below: number): number
  pick<T>(items: readonly T[]): T
  /** 32 random bits as eight hexadecimal digits. */
  hex(): string
}

/** Marsaglia's xorshift with 128 bits of state. */
export function randomFrom(seed: number): Random {
  let [x, y, z, w] = [seed >>> 0, 362_436_069, 521_288_629, 88_675_123]
  const bits = () => {
    const mixed = x ^ (x << 11)
    ;[x, y, z] = [y, z, w]
    w = (w ^ (w >>> 19) ^ mixed ^ (mixed >>> 8)) >>> 0
    return w
  }
  const next = () => bits() / 4_294_967_296
  const below = (below: number) => Math.floor(next() * below)
  for (let i = 0; i < 20; i++) bits()
  return {
    next,
    below,
    pick(items) {
      const item = items[below(items.length)]
      if (item === undefined) throw new RangeError("There is nothing to pick from.")
      return item
    },
    hex: () => bits().toString(16).padStart(8, "0"),
  }
}

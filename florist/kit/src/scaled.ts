// Decimal numbers on the wire as scaled integers inside, without a float in between. Called by money and quantity.
import { z } from "zod"

interface Scale {
  decimals: number
  /** Largest scaled value. */
  most: number
  unit: string
}

/** Accepts 150, 150.5, "150.50"; gives 15050 for two decimals. Zeros beyond the scale pass, other digits do not. */
export function scaled({ decimals, most, unit }: Scale) {
  const shape = new RegExp(`^(-?)(\\d{1,12})(?:\\.(\\d{1,${decimals}})0*)?$`)
  return z.union([z.number(), z.string().max(40)]).transform((value, context) => {
    const match = shape.exec(String(value))
    const [, sign = "", whole = "", fraction = ""] = match ?? []
    const result = Number(`${sign}${whole}${fraction.padEnd(decimals, "0")}`)
    if (match !== null && Math.abs(result) <= most) return result === 0 ? 0 : result
    context.addIssue({ code: "custom", message: `must be a number of ${unit} with at most ${decimals} decimals` })
    return z.NEVER
  })
}

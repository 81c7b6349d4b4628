// The small shapes that the protocol's other files are made of. Every shape carries its own words: what belongs there,
// said to whoever sent something else.
import { z } from "zod"

/** What a person or a program writes in one line: never empty, never long, nothing that a terminal would obey. */
export const line = (what: string, longest = 200) =>
  z
    .string(what)
    .trim()
    .min(1, what)
    .max(longest, `${what}, of at most ${longest} characters,`)
    .regex(/^\P{Cc}*$/u, `${what}, without control characters,`)

export const versionName = line("a version, such as v42")

/** Milliseconds since the Unix epoch. */
export const moment = z.number()

export const facts = z.record(z.string(), z.unknown()).readonly()

export const list = <T extends z.ZodType>(of: T) => z.array(of).readonly()

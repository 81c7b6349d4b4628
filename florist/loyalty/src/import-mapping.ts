// Which column of a file is what of a customer, and what a row says by it. Called when an import is validated and by its run.
import { day, text } from "@florist/kit/input"
import { invalid } from "@florist/kit/refusal"
import type { Refusal } from "@florist/kit/refusal"
import { z } from "zod"
import { customerAttributes, genders } from "./customer.ts"
import type { CustomerAttributes } from "./customer.ts"

const column = z.number().int().min(0).max(99)
const columns = z.array(column).min(1).max(20)

/** Columns count from 0. What is published as a value (a day, a gender, a text) may be a column too, or a value for all rows. */
export const mappingAttributes = z.object({
  title: columns,
  phone: column.optional(),
  email: column.optional(),
  bonusCard: column.optional(),
  notes: columns.optional(),
  birthday: z.union([column, day]).optional(),
  currentPoints: column.optional(),
  gender: z.union([column, z.enum(genders)]).optional(),
  instagram: z.union([column, text(200)]).optional(),
})
export type Mapping = z.output<typeof mappingAttributes>

export interface ImportedCustomer {
  attributes: CustomerAttributes
  /** Points that a new customer begins with. */
  points: number
}

/** @throws Refusal 422 for a column that no row of the file has. */
export function refuseMissingColumns(mapping: Mapping, width: number): void {
  for (const [name, mapped] of Object.entries(mapping)) {
    const wrong = [mapped].flat().find((each) => typeof each === "number" && each >= width)
    if (wrong === undefined) continue
    const detail = `${name}: the file has no column ${wrong}; its ${width} columns count from 0`
    throw invalid(detail, { pointer: `/data/attributes/${name}` })
  }
}

/** @throws Refusal 422 that says what is wrong with the row. */
export function readRow(fields: readonly string[], mapping: Mapping): ImportedCustomer {
  const field = (place: number | undefined): string => (place === undefined ? "" : (fields[place] ?? ""))
  const either = (mapped: number | string | undefined): string => (typeof mapped === "string" ? mapped : field(mapped))
  const joined = (places: readonly number[] | undefined, by: string): string =>
    (places ?? [])
      .map(field)
      .filter((part) => part !== "")
      .join(by)
  const said = {
    title: joined(mapping.title, " "),
    phone: field(mapping.phone),
    email: field(mapping.email).toLowerCase(),
    bonusCard: field(mapping.bonusCard),
    notes: joined(mapping.notes, "\n"),
    birthday: dayFrom(either(mapping.birthday)),
    gender: genderFrom(either(mapping.gender)),
    instagram: either(mapping.instagram),
  }
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== ""))
  if (given.title === undefined) throw invalid("the row has no name", { pointer: "/title" })
  const parsed = customerAttributes.safeParse(given)
  if (!parsed.success) throw wrongRow(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`))
  return { attributes: parsed.data, points: pointsFrom(field(mapping.currentPoints)) }
}

function wrongRow(reasons: readonly string[]): Refusal {
  return invalid(reasons.join("; "), { pointer: "" })
}

/** "16.05.1996" and "16/05/1996" as the day that they are; anything else as it is. */
function dayFrom(written: string): string {
  const match = /^(\d{1,2})[./-](\d{1,2})[./-](\d{4})$/.exec(written)
  if (match === null) return written
  const [, date = "", month = "", year = ""] = match
  return `${year}-${month.padStart(2, "0")}-${date.padStart(2, "0")}`
}

const genderWords: Readonly<Record<string, string>> = {
  m: "male",
  м: "male",
  муж: "male",
  мужской: "male",
  f: "female",
  ж: "female",
  жен: "female",
  женский: "female",
}

const genderFrom = (written: string): string => {
  const word = written.toLowerCase().replace(/\.$/, "")
  return genderWords[word] ?? word
}

const mostPoints = 10_000_000

function pointsFrom(written: string): number {
  if (written === "") return 0
  const points = Number(written.replaceAll(/\s/g, "").replace(",", "."))
  if (Number.isFinite(points) && points >= 0 && points <= mostPoints) return Math.floor(points)
  throw wrongRow([`currentPoints: must be a number from 0 to ${mostPoints}`])
}

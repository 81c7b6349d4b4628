// Ids are made by clients, and one id is one thing, whatever it is: a payment, a refund, a movement, a code. Called by whatever records money.
import { isDuplicate } from "@florist/kit/database"
import { conflict } from "@florist/kit/refusal"

export const idTaken = (id: string) =>
  conflict(`The id ${id} was used for something else; something new needs a new id.`, { pointer: "/data/id" })

/** @throws Refusal 409 where the statement finds the id in use. */
export async function unlessTaken<T>(id: string, statement: Promise<T>): Promise<T> {
  try {
    return await statement
  } catch (cause) {
    throw isDuplicate(cause) ? idTaken(id) : cause
  }
}

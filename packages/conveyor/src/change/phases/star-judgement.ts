// Whether a change may add columns beside statements that read every column of their table: a prepared one of those fails
// ("cached plan must not change result type") from then on until its connection ends. Called by expand, and by the plan, so
// that it is known before anything is touched.
import { ConveyorError } from "../../kernel/errors/errors.ts"
import type { Logger } from "../../kernel/logger.ts"
import type { Change } from "../change.ts"
import { findStarReaders } from "../evidence/star-readers.ts"
import type { Session } from "../fleet/session.ts"
import type { ExpandPolicy } from "../policy.ts"

/** @throws ConveyorError "star-readers" with the statements, where the policy is to refuse. */
export async function judgeStarReaders(
  session: Session,
  change: Change,
  policy: ExpandPolicy["starReaders"],
  logger: Pick<Logger, "warn">,
): Promise<void> {
  const grown = change.operations.flatMap(({ brings }) => brings.filter(({ isNew }) => !isNew).map(({ table }) => table))
  if (grown.length === 0) return
  const seen = await findStarReaders(session, grown)
  const facts = { change: change.name, shard: session.shard.name }
  if ("unknown" in seen) {
    return logger.warn(
      { ...facts, because: seen.unknown },
      "whether a prepared statement reads every column of a table that gets another is not known",
    )
  }
  if (seen.found.length === 0) return
  if (policy === "warn") {
    return logger.warn(
      { ...facts, statements: seen.found },
      "these read every column; a prepared one fails until its connection ends when a column is added",
    )
  }
  throw new ConveyorError(
    "star-readers",
    `${change.name}: statements on shard ${session.shard.name} read every column of a table that gets another, and a prepared one fails from then on until its connection ends:\n${seen.found.join("\n")}`,
    {
      facts: { ...facts, statements: seen.found },
      hint: "Name the columns in those statements, and reset pg_stat_statements; or, where none of them is a prepared one, say `expand: { star_readers: warn }` in the fleet of conveyor.yml.",
    },
  )
}

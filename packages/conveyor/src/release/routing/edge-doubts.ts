// What the edge cannot say while a member is silent or behind: never read as "nobody". Called by the gates of contract and
// abort and by the keeper, which take nothing away on missing evidence, and shown by the status.
import type { MemberTable, SilentMember } from "../../edge/edge.ts"

/** One line for each member that may route by a table other than the one in use. */
export const routingDoubts = (members: readonly MemberTable[]): string[] =>
  members.flatMap((each) => {
    if (each.state === "in-use") return []
    const why = each.state === "silent" ? `does not answer (${each.reason})` : "routes by an older table"
    return [`which versions still serve is not known: edge ${each.member} ${why}`]
  })

/** One line for each member that may hold pages open which nobody has counted. */
export const pageDoubts = (silent: readonly SilentMember[]): string[] =>
  silent.map(({ member, reason }) => `which pages are open is not known: edge ${member} does not answer (${reason})`)

/** One line for each member that may have requests in flight, and failures, which nobody has counted. */
export const meterDoubts = (silent: readonly SilentMember[]): string[] =>
  silent.map(({ member, reason }) => `what is in flight is not known: edge ${member} does not answer (${reason})`)

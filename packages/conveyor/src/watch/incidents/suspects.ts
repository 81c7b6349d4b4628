// Which release did it: everything that changed before an incident, ranked by how near it was in time and in place. Pure; called
// when an incident opens.
import type { Place } from "../checks/check.ts"
import type { Suspect } from "./incident.ts"

/** Something that was changed: a switch, a change of the schema, a restart, a setting. */
export interface Cause {
  what: string
  at: number
  place: Place
}

/** What came longer ago is suspected half as much, each time. */
const halfLifeMs = 600_000
const longestMs = 6 * 3_600_000
const leastWeight = 0.01

export function suspectsOf(incident: { openedAt: number; place: Place }, causes: readonly Cause[]): Suspect[] {
  return causes
    .filter(({ at }) => at <= incident.openedAt && incident.openedAt - at <= longestMs)
    .map((cause) => suspect(incident, cause))
    .filter(({ weight }) => weight >= leastWeight)
    .toSorted((a, b) => b.weight - a.weight || b.at - a.at)
}

function suspect({ openedAt, place }: { openedAt: number; place: Place }, { what, at, place: of }: Cause): Suspect {
  const agoMs = openedAt - at
  const nearness = nearnessOf(place, of)
  const weight = Number((0.5 ** (agoMs / halfLifeMs) * nearness.weight).toFixed(3))
  return { what, at, weight, because: `${inWords(agoMs)} before${nearness.because}` }
}

/** The same thing is suspected wholly, the whole installation half, and what is known to be elsewhere hardly. */
function nearnessOf(place: Place, of: Place): { weight: number; because: string } {
  const shared = keys.filter((key) => place[key] !== undefined && of[key] !== undefined)
  const same = shared.filter((key) => place[key] === of[key])
  if (shared.length > same.length) {
    const other = shared.find((key) => place[key] !== of[key])
    return { weight: 0.1, because: other === undefined ? "" : `, elsewhere: ${other} ${of[other]}` }
  }
  if (same.length > 0) return { weight: 1, because: `, same ${same.map((key) => `${key} ${place[key]}`).join(", ")}` }
  return { weight: 0.5, because: "" }
}

const keys = ["service", "version", "copy", "shard", "node", "route"] as const satisfies (keyof Place)[]

function inWords(ms: number): string {
  return ms < 60_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`
}

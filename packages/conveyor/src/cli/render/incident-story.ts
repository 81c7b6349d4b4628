// One incident, line by line. Called by conveyor watch show.
import type { IncidentStory } from "../../server/protocol/watch.ts"
import { bold, columns, dim, yellow } from "./paint.ts"
import { incidentRows } from "./watch-rows.ts"

export function incidentLines(story: IncidentStory): string[] {
  const { suspects, notes, messages } = story
  const waiting = messages.filter(({ sentAt }) => sentAt === undefined)
  return [
    ...incidentRows([story], Date.now()),
    ...(suspects.length === 0 ? [] : ["", bold("changed before it"), ...suspects.map(({ what, because }) => `  ${what}, ${because}`)]),
    "",
    ...columns(notes.map(({ at, kind, text, by }) => [dim(clock(at)), kind, by ?? "", text])),
    ...waiting.map(({ notifier, transition, lastError }) => yellow(`${notifier} was not told (${transition}): ${lastError ?? "it waits"}`)),
  ]
}

export const clock = (at: number): string => new Date(at).toISOString().replace("T", " ").slice(0, 19)

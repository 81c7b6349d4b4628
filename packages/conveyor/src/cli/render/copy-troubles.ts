// Copies that do not run as they should, in words. Shown by conveyor status below the versions.
import { formatDuration, hours } from "../../kernel/time/duration.ts"
import type { CopyReport, VersionReport } from "../../server/protocol/versions.ts"

/** How long it is told that a copy took the place of one that ended. */
const toldForMs = hours(1)

export function copyTroubles(versions: readonly Pick<VersionReport, "name" | "copies">[], now: number): string[] {
  return versions.flatMap(({ name, copies }) => copies.flatMap((copy) => troubleOf(name, copy, now)))
}

function troubleOf(
  version: string,
  { id, service, state, restarts, ended, lastOutput = [], illness, replaced }: CopyReport,
  now: number,
): string[] {
  const look = `see conveyor logs ${version} ${service}`
  const why = ended === undefined ? "" : ` (${ended})`
  if (state === "crash-loop")
    return [
      `${id} ends again and again${why}: started anew ${restarts} times in a row, now with a pause; ${look}`,
      ...lastOutput.map((line) => `  ${line}`),
    ]
  if (state === "exited") return [`${id} has ended${why}; ${look}`]
  if (state === "unknown") return [`${id} could not be asked whether it runs`]
  if (illness !== undefined) {
    const requests = illness.requests === "none" ? "it gets no requests while another is well" : "it still gets requests"
    return [`${id} was not well ${times(illness.failures)} in a row (${illness.reason}): ${requests}; ${look}`]
  }
  if (replaced === undefined || now - replaced.at > toldForMs) return []
  return [`${id} took the place of one that ended ${formatDuration(Math.max(0, now - replaced.at))} ago (${replaced.reason}); ${look}`]
}

const times = (count: number) => (count === 1 ? "once" : `${count} times`)

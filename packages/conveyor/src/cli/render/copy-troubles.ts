// Copies that do not run as they should, in words. Shown by conveyor status below the versions.
import type { CopyReport, VersionReport } from "../../server/protocol/versions.ts"

export function copyTroubles(versions: readonly Pick<VersionReport, "name" | "copies">[]): string[] {
  return versions.flatMap(({ name, copies }) => copies.flatMap((copy) => troubleOf(name, copy)))
}

function troubleOf(version: string, { id, service, state, restarts, ended }: CopyReport): string[] {
  const look = `see conveyor logs ${version} ${service}`
  const why = ended === undefined ? "" : ` (${ended})`
  if (state === "crash-loop")
    return [`${id} ends again and again${why}: started anew ${restarts} times in a row, now with a pause; ${look}`]
  if (state === "exited") return [`${id} has ended${why}; ${look}`]
  return state === "unknown" ? [`${id} could not be asked whether it runs`] : []
}

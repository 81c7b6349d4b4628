// The fleets of a conveyor.yml, whichever way they are written. Read by whoever works on databases.
import { normalize } from "node:path"
import type { Config, FleetConfig } from "./config.ts"

export interface NamedFleetConfig extends FleetConfig {
  /** "fleet" where conveyor.yml uses the short form for one. */
  name: string
}

/** In the order of the file; none where none is named. */
export function fleetsOf({ fleet, fleets }: Pick<Config, "fleet" | "fleets">): NamedFleetConfig[] {
  if (fleet !== undefined) return [{ name: "fleet", ...fleet, changes: fleet.changes ?? "changes" }]
  return Object.entries(fleets ?? {}).map(([name, each]) => ({ name, ...each, changes: each.changes ?? `changes/${name}` }))
}

/** What makes several fleets ambiguous, with the key to which it is to be told. */
export function objectionsToFleets(
  fleets: readonly { name: string; changes: string; shards: object }[],
): { path: string[]; message: string }[] {
  return fleets.flatMap(({ name, changes, shards }, i) =>
    fleets.slice(0, i).flatMap((before) => {
      const [own, other] = [folderOf(changes), folderOf(before.changes)]
      const isShared = own === other
      const twice = Object.keys(shards).filter((shard) => shard in before.shards)
      return [
        ...(isShared ? [{ path: [name, "changes"], message: `a folder of its own: this is that of ${before.name} already` }] : []),
        ...twice.map((shard) => ({
          path: [name, "shards", shard],
          message: `a name that no other fleet has: ${shard} is a shard of ${before.name} already`,
        })),
      ]
    }),
  )
}

const folderOf = (changes: string) => normalize(changes).replace(/\/$/, "")

// `watch:` of conveyor.yml: what is watched, how it is judged, who is told. Called by config.ts.
import { z } from "zod"
import { aPart, oneOf } from "../words.ts"
import { checks, machine, pace } from "./checks.ts"
import { notify } from "./notify.ts"
import { zabbix } from "./zabbix.ts"

const own = oneOf("users", "copies", "edge", "shards", "machine")

export const watch = z.strictObject({
  /** What the installation watches of itself. */
  own: z.array(own).default(["users", "copies", "edge", "shards", "machine"]),
  pace: pace.prefault({}),
  machine: machine.prefault({}),
  goal: aPart("the part of the time that users are to be served, such as 0.9995").default(0.9995),
  checks: checks.default({}),
  notify: notify.default({}),
  zabbix: zabbix.optional(),
})

export type WatchConfig = z.infer<typeof watch>

/** Checks that depend on what is not there, with the key to which it is to be told. */
export function objectionsToWatch({ checks: all }: WatchConfig): { path: (string | number)[]; message: string }[] {
  return Object.entries(all).flatMap(([check, { depends_on: names }]) =>
    names.flatMap((each, i) => {
      const known = Object.hasOwn(all, each) || /^(copy|shard) |^(edge|machine|users)$/.test(each)
      return known && each !== check
        ? []
        : [
            {
              path: ["watch", "checks", check, "depends_on", i],
              message: "the name of another check: one of these, edge, machine, or shard NAME",
            },
          ]
    }),
  )
}

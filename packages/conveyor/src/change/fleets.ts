// Several fleets as one engine: each change is carried out on the fleet whose folder its file is in. Made by wiring/
// where conveyor.yml names more than one fleet.
import { dirname, normalize } from "node:path"
import { ConveyorError } from "../kernel/errors/errors.ts"
import type { Change } from "./change.ts"
import type { ChangeEngine } from "./engine.ts"

export interface NamedFleet {
  name: string
  /** Where its change files are, relative to the repository. */
  folder: string
  engine: ChangeEngine
}

export function createFleets(fleets: readonly NamedFleet[]): ChangeEngine {
  const of = (change: Change): ChangeEngine => fleetOf(fleets, change).engine

  /** Asks each fleet for its own, all at once. */
  async function each<T>(changes: readonly Change[], ask: (engine: ChangeEngine, own: readonly Change[]) => Promise<T[]>): Promise<T[]> {
    const groups = Map.groupBy(changes, of)
    return (await Promise.all([...groups].map(([engine, own]) => ask(engine, own)))).flat()
  }

  return {
    async status(changes, signal) {
      const found = await each(changes, (engine, own) => engine.status(own, signal))
      const place = new Map(changes.map(({ name }, i) => [name, i]))
      return found.toSorted((a, b) => (place.get(a.change) ?? 0) - (place.get(b.change) ?? 0))
    },
    plan: (changes, signal) => each(changes, (engine, own) => engine.plan(own, signal)),
    expand: (change, run) => of(change).expand(change, run),
    backfill: (change, run) => of(change).backfill(change, run),
    verify: (change, run) => of(change).verify(change, run),
    undo: (change, run) => of(change).undo(change, run),
    contract: (change, evidence, run) => of(change).contract(change, evidence, run),
    repack: (change, run) => of(change).repack(change, run),
    pause: (change, signal) => of(change).pause(change, signal),
    resume: (change, signal) => of(change).resume(change, signal),
    async close() {
      await Promise.all(fleets.map(({ engine }) => engine.close()))
    },
  }
}

/** @throws ConveyorError "no-fleet" where no fleet has the folder. */
function fleetOf(fleets: readonly NamedFleet[], change: Change): NamedFleet {
  const folder = normalize(dirname(change.file))
  const found = fleets.find((fleet) => normalize(fleet.folder).replace(/\/$/, "") === folder)
  if (found !== undefined) return found
  throw new ConveyorError("no-fleet", `${change.file} is in no fleet's folder`, {
    facts: { change: change.name, folder, fleets: fleets.map(({ name, folder: own }) => `${name}: ${own}`) },
    hint: "Put the file into the folder of the fleet that it changes: `changes:` under its name in conveyor.yml.",
  })
}

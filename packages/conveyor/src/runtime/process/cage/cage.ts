// Everything that one command or copy has started, found again whatever it did to get away: left its group, its
// session, its parent. By a control group where one can be made, and by a marker in the environment everywhere; so also
// by whoever comes after the one that started it. Called by the builder and the runtime.
import { isAbsolute, join } from "node:path"
import type { Clock } from "../../../kernel/time/clock.ts"
import { ConveyorError } from "../../../kernel/errors/errors.ts"
import { seconds } from "../../../kernel/time/duration.ts"
import { until } from "../../../kernel/time/until.ts"
import { Cgroups } from "./cgroups.ts"
import { launchScript } from "./launch-script.ts"
import type { Limits, Priority } from "./limits.ts"
import { processTable, variableOf } from "./process-table.ts"

const marker = "CONVEYOR_CAGE"
const diesWithinMs = seconds(10)

export interface CageOptions {
  limits: Limits
  priority: Priority
}

/** What a shell is started with so that it, and all that comes of it, is in the cage. */
export interface Entrance {
  /** For `sh -c`; runs the command line that follows it as the first argument. */
  script: string
  environment: Record<string, string>
  /** Limits that were asked for and cannot be enforced on this machine. */
  notEnforced: string[]
}

export class Cages {
  readonly #owner: string
  readonly #cgroups: Cgroups

  /** @param owner an absolute path that nobody else uses for cages; whoever opens the same one finds what is left in them. */
  constructor(owner: string, cgroups = new Cgroups(owner)) {
    if (!isAbsolute(owner)) throw new ConveyorError("bad-state", `${owner} is not absolute`)
    this.#owner = owner
    this.#cgroups = cgroups
  }

  /** Prepares a cage. What happens in it begins with the entrance's script. */
  open(name: string, { limits, priority }: CageOptions): Entrance {
    const group = this.#cgroups.make(name, limits, priority)
    return {
      script: launchScript({ procsFiles: group.procsFiles, files: limits.files, priority }),
      environment: { [marker]: join(this.#owner, name) },
      notEnforced: group.notEnforced,
    }
  }

  /** The pids of all that is in a cage, wherever it has gone. */
  members(name: string): number[] {
    return withDescendants([...this.#cgroups.members(name), ...this.#marked((value) => value === join(this.#owner, name))])
  }

  /** Kills all that is in a cage; gives how many there were. @throws TimedOutError where the kernel does not let go of one. */
  async clear(name: string, clock: Clock): Promise<number> {
    return this.#kill(() => this.members(name), [name], clock)
  }

  /** The same for every cage of the owner: what somebody has left who was killed himself. */
  async clearAll(clock: Clock): Promise<number> {
    const names = this.#cgroups.names()
    const members = () =>
      withDescendants([
        ...names.flatMap((name) => this.#cgroups.members(name)),
        ...this.#marked((value) => value.startsWith(`${this.#owner}/`)),
      ])
    return this.#kill(members, names, clock)
  }

  async #kill(members: () => number[], names: readonly string[], clock: Clock): Promise<number> {
    const seen = new Set<number>()
    // Again until none is left: one that forks while it is looked for is found the next time.
    const kill = () => {
      const now = members()
      for (const name of names) if (now.length > 0) this.#cgroups.kill(name)
      for (const pid of now) {
        seen.add(pid)
        killOne(pid)
      }
      return now.length === 0 ? { done: true } : { notYet: `processes ${now.join(", ")}` }
    }
    const signal = new AbortController().signal
    await until(kill, { what: `the end of what ${names.join(", ")} has left`, everyMs: 10, withinMs: diesWithinMs, clock, signal })
    for (const name of names) this.#cgroups.remove(name)
    return seen.size
  }

  #marked(matches: (value: string) => boolean): number[] {
    return processTable()
      .map(({ pid }) => pid)
      .filter((pid) => pid !== process.pid && matches(variableOf(pid, marker) ?? ""))
  }
}

/**
 * A cage's first process has a session of its own, and a session is inherited or made: so all of a member's session is
 * in the cage too, and all that a member has begun.
 */
function withDescendants(found: readonly number[]): number[] {
  if (found.length === 0) return []
  const table = processTable()
  const own = table.find(({ pid }) => pid === process.pid)?.session
  const members = new Set(found)
  for (let before = -1; before !== members.size;) {
    before = members.size
    const sessions = new Set(table.filter(({ pid, session }) => members.has(pid) && session !== own).map(({ session }) => session))
    for (const { pid, parent, session } of table) if (members.has(parent) || sessions.has(session)) members.add(pid)
  }
  members.delete(process.pid)
  const living = new Set(table.map(({ pid }) => pid))
  return [...members].filter((pid) => living.has(pid))
}

function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // It has just ended.
  }
}

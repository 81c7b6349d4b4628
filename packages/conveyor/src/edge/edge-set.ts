// Several proxies as one edge. A table is in use when every member has acknowledged it; numbers are sums over those that
// answered, and whoever did not is named. Made by wiring/; holds no state of its own.
import { ConveyorError, describe } from "../kernel/errors/errors.ts"
import type { Edge, EdgeCapability, EdgeMember, MemberTable, RoutingTable, SilentMember, Sums } from "./edge.ts"
import { addComparisons, addPages, addTraffic } from "./sums.ts"
import { isNewer } from "./table.ts"

export interface EdgeSetOptions {
  /** Asked for each question: members come and go. */
  members: () => readonly EdgeMember[]
  /** How long one member may take to answer one question. */
  withinMs: number
}

type Answer<T> = { member: string; answer: T } | { member: string; thrown: unknown }

export function createEdgeSet(options: EdgeSetOptions): Edge {
  return {
    routing: {
      async capabilities(signal) {
        const { answers } = heard(await askAll(options, (member, within) => member.capabilities(within), signal))
        return common(answers.map(({ answer }) => answer))
      },
      async apply(table, signal) {
        const asked = await askAll(options, (member, within) => member.apply(table, within), signal)
        const refused = asked.filter((each) => "thrown" in each)
        const refusal = refused.map(({ thrown }) => thrown).find(isRefusal)
        if (refusal !== undefined) throw refusal
        if (refused.length > 0) throw unacknowledged(table, asked.length, refused)
      },
      async observe(signal) {
        const { answers, silent } = heard(await askAll(options, (member, within) => member.table(within), signal))
        const table = newest(answers.map(({ answer }) => answer))
        const members = [
          ...answers.map(({ member, answer }) => stateOf(member, answer, table)),
          ...silent.map((each) => ({ ...each, state: "silent" as const })),
        ]
        return { table, members }
      },
    },
    metering: {
      observe: async (signal) => sums(heard(await askAll(options, (member, within) => member.traffic(within), signal)), addTraffic),
      async comparison(signal) {
        const { answers, silent } = heard(await askAll(options, (member, within) => member.comparison(within), signal))
        const all = answers.map(({ answer }) => answer).filter((answer) => answer !== undefined)
        return { comparison: all[0] === undefined ? undefined : addComparisons(all, all[0]), silent }
      },
    },
    tls: {
      async certificates(how, signal) {
        const { answers, silent } = heard(await askAll(options, (member, within) => member.certificates(how, within), signal))
        return { certificates: answers.flatMap(({ member, answer }) => answer.map((each) => ({ ...each, member }))), silent }
      },
    },
    pages: {
      observe: async (signal) => sums(heard(await askAll(options, (member, within) => member.pages(within), signal)), addPages),
    },
  }
}

/** All at once: one that hangs holds up no other, and itself no longer than its bound. */
async function askAll<T>(
  { members, withinMs }: EdgeSetOptions,
  ask: (member: EdgeMember, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<Answer<T>[]> {
  signal.throwIfAborted()
  const asked = await Promise.all(members().map((member) => askOne(member, withinMs, ask, signal)))
  signal.throwIfAborted()
  return asked
}

async function askOne<T>(
  member: EdgeMember,
  withinMs: number,
  ask: (member: EdgeMember, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<Answer<T>> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new ConveyorError("edge-unreachable", `no answer within ${withinMs} ms`)), withinMs)
  try {
    // An adapter that does not heed its signal is left behind, too.
    const answer = await Promise.race([ask(member, AbortSignal.any([signal, late.signal])), whenAborted(late.signal)])
    return { member: member.name, answer }
  } catch (thrown) {
    return { member: member.name, thrown }
  } finally {
    clearTimeout(timer)
  }
}

const whenAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }))

interface Heard<T> {
  answers: readonly { member: string; answer: T }[]
  silent: readonly SilentMember[]
}

/** @throws what the only member threw, or ConveyorError "edge-unreachable" that names them all, where nobody answered. */
function heard<T>(asked: readonly Answer<T>[]): Heard<T> {
  const answers = asked.filter((each) => "answer" in each)
  const failed = asked.filter((each) => "thrown" in each)
  if (answers.length > 0) return { answers, silent: failed.map(silenceOf) }
  if (failed.length === 1) throw failed[0]?.thrown
  const silent = failed.map(silenceOf)
  throw new ConveyorError("edge-unreachable", `no edge answers: ${lines(silent)}`, {
    facts: { silent },
    hint: "Look whether the edges run, and into their logs; traffic goes on by the tables they have.",
  })
}

function unacknowledged(table: RoutingTable, members: number, refused: readonly { member: string; thrown: unknown }[]): ConveyorError {
  const silent = refused.map(silenceOf)
  return new ConveyorError(
    "edge-unacknowledged",
    `generation ${table.generation} is not acknowledged by ${silent.length} of ${members} edges: ${lines(silent)}`,
    {
      facts: { generation: table.generation, epoch: table.epoch, silent },
      hint: "Look whether these edges run, and into their logs. Take one that is gone for good out of the set.",
      cause: refused[0]?.thrown,
    },
  )
}

const silenceOf = ({ member, thrown }: { member: string; thrown: unknown }): SilentMember => ({ member, reason: describe(thrown) })
const lines = (silent: readonly SilentMember[]) => silent.map(({ member, reason }) => `${member} (${reason})`).join(", ")

/** The table itself is in the way, at whichever member: asking again would not help. */
const isRefusal = (thrown: unknown): boolean =>
  thrown instanceof ConveyorError && ["stale-epoch", "stale-generation", "bad-routing-table"].includes(thrown.code)

function newest(tables: readonly (RoutingTable | undefined)[]): RoutingTable | undefined {
  return tables.reduce((best, table) => (table !== undefined && (best === undefined || isNewer(table, best)) ? table : best), undefined)
}

function stateOf(member: string, table: RoutingTable | undefined, inUse: RoutingTable | undefined): MemberTable {
  if (table?.epoch === inUse?.epoch && table?.generation === inUse?.generation) return { member, state: "in-use" }
  return { member, state: "behind", epoch: table?.epoch, generation: table?.generation }
}

function common(each: readonly (readonly EdgeCapability[])[]): EdgeCapability[] {
  return (each[0] ?? []).filter((capability) => each.every((all) => all.includes(capability)))
}

function sums<T>({ answers, silent }: Heard<Readonly<Record<string, T>>>, add: (a: T, b: T) => T): Sums<T> {
  const versions: Record<string, T> = {}
  for (const { answer } of answers) {
    for (const [name, one] of Object.entries(answer)) {
      const sum = versions[name]
      versions[name] = sum === undefined ? one : add(sum, one)
    }
  }
  return { versions, silent }
}

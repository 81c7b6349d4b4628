// Which port a new copy listens on: one that no living copy was given and that nobody listens on, outside of the range
// from which the system takes ports for connections that go out, so that none of those can be in a copy's way between
// the choice and its first listen. Called by the process runtime.
import { readFileSync } from "node:fs"
import { randomInt } from "node:crypto"
import { createServer } from "node:net"
import { ConveyorError } from "../../../kernel/errors/errors.ts"

export interface PortRange {
  from: number
  /** Inclusive. */
  to: number
}

const host = "127.0.0.1"
/** Below are ports that programs are known by. */
const lowest = 10_240
const highest = 65_535
const attempts = 200

/** @throws ConveyorError "no-port" where none of so many that were tried is free. */
export async function choosePort(taken: ReadonlySet<number>, ranges: readonly PortRange[] = rangesOfThisMachine()): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = anyOf(ranges)
    if (!taken.has(port) && (await isFree(port))) return port
  }
  throw new ConveyorError("no-port", `no port for a new copy: ${attempts} were tried, and all are in use`, {
    facts: { ranges, taken: taken.size },
    hint: "See who listens: ss -ltnp",
  })
}

/** What lies outside of the range for outgoing connections; where that leaves too little, the whole. */
export function rangesBeside(outgoing: PortRange | undefined): PortRange[] {
  const beside = [
    { from: lowest, to: Math.min(highest, (outgoing?.from ?? lowest) - 1) },
    { from: Math.max(lowest, (outgoing?.to ?? highest) + 1), to: highest },
  ].filter(({ from, to }) => to >= from)
  return sizeOf(beside) >= 1_000 ? beside : [{ from: lowest, to: highest }]
}

function rangesOfThisMachine(): PortRange[] {
  try {
    const [from, to] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").trim().split(/\s+/).map(Number)
    return rangesBeside(from === undefined || to === undefined ? undefined : { from, to })
  } catch {
    // What macOS and the BSDs take, and IANA says.
    return rangesBeside({ from: 49_152, to: 65_535 })
  }
}

const sizeOf = (ranges: readonly PortRange[]) => ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0)

function anyOf(ranges: readonly PortRange[]): number {
  let nth = randomInt(sizeOf(ranges))
  for (const { from, to } of ranges) {
    if (nth <= to - from) return from + nth
    nth -= to - from + 1
  }
  return highest
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once("error", () => resolve(false))
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)))
  })
}

// A name, and what it has to resolve to. Made by kinds.ts.
import { Resolver } from "node:dns/promises"
import { fine, problem, unknown } from "./check.ts"
import type { Finding } from "./check.ts"

export interface DnsTarget {
  name: string
  type: "A" | "AAAA" | "CNAME" | "MX" | "TXT"
  /** All of these have to be among the answers. */
  expect: readonly string[]
  /** Servers to ask, as host or host:port; the machine's own where it is empty. */
  servers: readonly string[]
}

/** That the name is not there is a problem; that the server of names does not answer leaves it unknown. */
const nobodyAnswered = new Set(["ETIMEOUT", "ECONNREFUSED", "ESERVFAIL", "ECANCELLED"])

export async function askDns({ name, type, expect, servers }: DnsTarget, signal: AbortSignal): Promise<Finding> {
  const resolver = new Resolver()
  if (servers.length > 0) resolver.setServers(servers)
  const cancel = () => resolver.cancel()
  signal.addEventListener("abort", cancel, { once: true })
  try {
    const found = [await resolver.resolve(name, type)].flat(1).map(inWords)
    const missing = expect.filter((each) => !found.includes(each))
    if (missing.length > 0) return problem(`${type} of ${name} is ${found.join(", ")}; ${missing.join(", ")} is not among them`)
    return fine(`${type} of ${name} is ${found.join(", ")}`)
  } catch (thrown) {
    const { code = String(thrown) } = thrown as NodeJS.ErrnoException
    return nobodyAnswered.has(code) ? unknown(`no server of names answered for ${name}: ${code}`) : problem(`${type} of ${name}: ${code}`)
  } finally {
    signal.removeEventListener("abort", cancel)
  }
}

function inWords(record: unknown): string {
  if (typeof record === "string") return record
  return (record as { exchange?: string }).exchange ?? JSON.stringify(record)
}

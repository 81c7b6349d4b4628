// Whether the process that listens on a copy's port is the copy's own. Where a copy lost its port to somebody else, that
// one may answer in its place, and even well: a service of the same release says the same release. Called by the process
// runtime where it is asked about a copy's address. Linux tells; elsewhere it is not known.
import { readFile, readdir, readlink } from "node:fs/promises"

export type Holds = "yes" | "no" | "unknown"

/** `listening` is the state in the kernel's table of sockets. */
const listening = "0A"

/**
 * "yes" where a process whose environment names the copy listens on the port (whatever it forked into inherits that), "no"
 * where one of another copy does, or none at all. A stranger's listener is unknown: the copy may have asked for it, as
 * `docker run` does, and one that has not cannot name the release.
 */
export async function holdsPort(copy: string, port: number): Promise<Holds> {
  const sockets = await socketsListeningOn(port)
  if (sockets === undefined) return "unknown"
  if (sockets.size === 0) return "no"
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name))
  const ofCopies = new Map<string, string>()
  for (const pid of pids) {
    const named = await copyOf(pid).catch(() => undefined)
    if (named !== undefined) ofCopies.set(pid, named)
  }
  const holders = await those([...ofCopies.keys()], (pid) => hasOneOf(pid, sockets))
  if (holders.some((pid) => ofCopies.get(pid) === copy)) return "yes"
  return holders.length > 0 ? "no" : "unknown"
}

async function those(pids: readonly string[], are: (pid: string) => Promise<boolean>): Promise<string[]> {
  const found: string[] = []
  // One that is gone, or may not be looked into, says nothing.
  for (const pid of pids) if (await are(pid).catch(() => false)) found.push(pid)
  return found
}

const names = "CONVEYOR_COPY="

async function copyOf(pid: string): Promise<string | undefined> {
  const environment = (await readFile(`/proc/${pid}/environ`, "latin1")).split("\0")
  return environment.find((each) => each.startsWith(names))?.slice(names.length)
}

async function hasOneOf(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`)
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")))
  return targets.some((target) => sockets.has(target))
}

/** As they stand behind a descriptor: "socket:[12345]"; undefined where the system has no such table. */
async function socketsListeningOn(port: number): Promise<ReadonlySet<string> | undefined> {
  const tables = await Promise.all(["/proc/net/tcp", "/proc/net/tcp6"].map((file) => readFile(file, "utf8").catch(() => undefined)))
  if (tables.every((table) => table === undefined)) return undefined
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`
  const rows = tables.flatMap((table) => (table ?? "").split("\n").slice(1)).map((row) => row.trim().split(/\s+/))
  return new Set(
    rows.filter(([, local, , state]) => local?.endsWith(suffix) === true && state === listening).map((fields) => `socket:[${fields[9]}]`),
  )
}

// Which processes listen on a TCP port of this machine. Called by whoever finds an address taken, or wants to know whose
// it is. Linux tells; elsewhere it is not known.
import { readFile, readdir, readlink } from "node:fs/promises"

/** `listening` is the state in the kernel's table of sockets. */
const listening = "0A"

/** Those of `pids`, or of all processes, that listen on the port, as far as they may be looked into; undefined where the system does not tell. */
export async function listenersOn(port: number, pids?: readonly string[]): Promise<string[] | undefined> {
  const sockets = await socketsOn(port)
  if (sockets === undefined) return undefined
  if (sockets.size === 0) return []
  const found: string[] = []
  // One that is gone, or may not be looked into, says nothing.
  for (const pid of pids ?? (await processes())) if (await hasOneOf(pid, sockets).catch(() => false)) found.push(pid)
  return found
}

/** Whether anybody listens on the port, also one that may not be looked into; undefined where the system does not tell. */
export async function isListenedOn(port: number): Promise<boolean | undefined> {
  const sockets = await socketsOn(port)
  return sockets === undefined ? undefined : sockets.size > 0
}

export async function processes(): Promise<string[]> {
  return (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name))
}

const longestCommand = 300

/** The first process that listens on the port, in words: its number and its command. */
export async function holderOf(port: number): Promise<string> {
  const [pid] = (await listenersOn(port)) ?? []
  if (pid === undefined) return "another program (which one, this user may not see)"
  const command = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ").trim()
  const shown = command.length > longestCommand ? `${command.slice(0, longestCommand)}…` : command
  return `process ${pid}${shown === "" ? "" : ` (${shown})`}`
}

async function hasOneOf(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`)
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")))
  return targets.some((target) => sockets.has(target))
}

/** As they stand behind a descriptor: "socket:[12345]". */
async function socketsOn(port: number): Promise<ReadonlySet<string> | undefined> {
  const tables = await Promise.all(["/proc/net/tcp", "/proc/net/tcp6"].map((file) => readFile(file, "utf8").catch(() => undefined)))
  if (tables.every((table) => table === undefined)) return undefined
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`
  const rows = tables.flatMap((table) => (table ?? "").split("\n").slice(1)).map((row) => row.trim().split(/\s+/))
  return new Set(
    rows.filter(([, local, , state]) => local?.endsWith(suffix) === true && state === listening).map((fields) => `socket:[${fields[9]}]`),
  )
}

// Whether the process that listens on a copy's port is the copy's own. Where a copy lost its port to somebody else, that
// one may answer in its place, and even well: a service of the same release says the same release. Called by the process
// runtime where it is asked about a copy's address. Linux tells; elsewhere it is not known.
import { readFile } from "node:fs/promises"
import { isListenedOn, listenersOn, processes } from "../../../kernel/process/listeners.ts"

export type Holds = "yes" | "no" | "unknown"

/**
 * "yes" where a process whose environment names the copy listens on the port (whatever it forked into inherits that), "no"
 * where one of another copy does, or none at all. A stranger's listener is unknown: the copy may have asked for it, as
 * `docker run` does, and one that has not cannot name the release.
 */
export async function holdsPort(copy: string, port: number): Promise<Holds> {
  const isListened = await isListenedOn(port)
  if (isListened !== true) return isListened === false ? "no" : "unknown"
  const ofCopies = new Map<string, string>()
  for (const pid of await processes()) {
    const named = await copyOf(pid).catch(() => undefined)
    if (named !== undefined) ofCopies.set(pid, named)
  }
  const holders = (await listenersOn(port, [...ofCopies.keys()])) ?? []
  if (holders.some((pid) => ofCopies.get(pid) === copy)) return "yes"
  return holders.length > 0 ? "no" : "unknown"
}

const names = "CONVEYOR_COPY="

async function copyOf(pid: string): Promise<string | undefined> {
  const environment = (await readFile(`/proc/${pid}/environ`, "latin1")).split("\0")
  return environment.find((each) => each.startsWith(names))?.slice(names.length)
}

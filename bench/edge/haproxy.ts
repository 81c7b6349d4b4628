// HAProxy in front of a copy, for comparison: one thread, as the edge has one. Called by the stage.
import { existsSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { systemClock } from "../../packages/conveyor/src/kernel/time/clock.ts"
import { freePort } from "../../packages/conveyor/src/kernel/process/free-port.ts"
import { until } from "../../packages/conveyor/src/kernel/time/until.ts"
import { startProgram } from "./program.ts"

export interface RunningHaproxy {
  url: string
  pid: number
  stop(): Promise<void>
}

/** Undefined where HAProxy is not installed. */
export async function startHaproxy(copyPort: number, signal: AbortSignal): Promise<RunningHaproxy | undefined> {
  const binary = findHaproxy()
  if (binary === undefined) return undefined
  const [directory, port] = [await mkdtemp(join(tmpdir(), "conveyor-bench-")), await freePort()]
  const file = join(directory, "haproxy.cfg")
  await writeFile(file, configuration(port, copyPort))
  const program = startProgram(binary, ["-db", "-f", file], signal)
  const stop = async () => {
    await program.stop()
    await rm(directory, { recursive: true })
  }
  try {
    const listening = until(() => probe(port), { what: "HAProxy's start", everyMs: 25, withinMs: 5_000, clock: systemClock, signal })
    await Promise.race([listening, program.output])
  } catch (thrown) {
    await stop()
    throw thrown
  }
  return { url: `http://127.0.0.1:${port}`, pid: program.pid, stop }
}

function findHaproxy(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"]
  return folders.map((folder) => join(folder, "haproxy")).find((path) => existsSync(path))
}

function probe(port: number): Promise<{ done: true }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port }, () => {
      socket.destroy()
      resolve({ done: true })
    })
    socket.once("error", reject)
  })
}

const configuration = (port: number, copyPort: number) => `global
  nbthread 1
  maxconn 2000
defaults
  mode http
  timeout connect 2s
  timeout client 65s
  timeout server 60s
  timeout http-keep-alive 65s
  http-reuse always
  option forwardfor
frontend users
  bind 127.0.0.1:${port}
  default_backend copies
backend copies
  http-response set-header x-conveyor-version v1
  server copy 127.0.0.1:${copyPort} pool-purge-delay 4s
`

// A program that the bench starts: what it prints, and its end. Called by the stage and by the measurements.
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { readFileSync } from "node:fs"

export interface Program {
  pid: number
  firstLine: Promise<string>
  /** Everything on standard output, when it has ended with exit code 0. */
  output: Promise<string>
  stop(): Promise<void>
}

export function startProgram(command: string, argv: readonly string[], signal: AbortSignal): Program {
  signal.throwIfAborted()
  // A session of its own, as the edge has: Linux shares the processors out by session first.
  const child = spawn(command, argv, { detached: true, stdio: ["pipe", "pipe", "pipe"], signal, killSignal: "SIGTERM" })
  const [out, errors]: [string[], string[]] = [[], []]
  createInterface({ input: child.stderr }).on("line", (line) => errors.push(line))
  const lines = createInterface({ input: child.stdout }).on("line", (line) => out.push(line))
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()))
  const output = new Promise<string>((resolve, reject) => {
    const failed = (how: string, cause?: unknown) =>
      reject(new Error(`${command} ${argv.join(" ")} ${how}: ${errors.slice(-5).join("\n")}`, { cause }))
    child.once("error", (cause) => failed(cause.message, cause))
    child.once("close", (code, killedBy) => (code === 0 ? resolve(out.join("\n")) : failed(`ended with ${code ?? killedBy}`)))
  })
  const firstLine = Promise.race([new Promise<string>((resolve) => lines.once("line", resolve)), output])
  // Either may never be asked for; whoever does ask still hears of a failure.
  for (const promise of [output, firstLine]) promise.catch(() => {})
  return {
    pid: child.pid ?? 0,
    firstLine,
    output,
    async stop() {
      child.kill("SIGTERM")
      await gone
    },
  }
}

export function startNode(argv: readonly string[], signal: AbortSignal): Program {
  return startProgram(process.execPath, ["--disable-warning=ExperimentalWarning", ...argv], signal)
}

/** CPU time of the whole process in ms; undefined where the system has no /proc. Linux counts in hundredths of a second. */
export function cpuMsOf(pid: number): number | undefined {
  if (process.platform !== "linux") return undefined
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) * 10
}

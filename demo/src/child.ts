// A program that the demo runs as its user would: its lines as they come, its exit code at the end.
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"

export interface ChildOptions {
  cwd?: string
  env?: Readonly<Record<string, string | undefined>>
  onLine?: (line: string, stream: "out" | "error") => void
  signal?: AbortSignal
}

export interface Ended {
  code: number
  /** Standard output. */
  out: string
  /** The newest lines of both streams. */
  tail: string[]
}

const keptLines = 20

/** Gives the exit code and what was printed. An abort ends the program with SIGTERM. */
export async function runChild(
  command: string,
  argv: readonly string[],
  { cwd, env, onLine = () => {}, signal }: ChildOptions,
): Promise<Ended> {
  const child = spawn(command, argv, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    signal,
    killSignal: "SIGTERM",
  })
  const out: string[] = []
  const tail: string[] = []
  const take = (stream: "out" | "error") => (line: string) => {
    if (stream === "out") out.push(line)
    tail.push(line)
    if (tail.length > keptLines) tail.shift()
    onLine(line, stream)
  }
  createInterface({ input: child.stdout }).on("line", take("out"))
  createInterface({ input: child.stderr }).on("line", take("error"))
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (exitCode) => resolve(exitCode ?? 1))
  })
  return { code, out: out.join("\n"), tail }
}

// One command beside a running copy, to its end. Called by the process runtime.
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { signalGroup } from "../../kernel/process-identity.ts"

export interface ExecIn {
  command: string
  environment: NodeJS.ProcessEnv
  onLine: (line: string) => void
  signal: AbortSignal
}

const killAfterMs = 5_000

/** Gives the exit code; of a command that a signal ended, 128 and its number, as shells give it. */
export async function execIn(directory: string, { command, environment, onLine, signal }: ExecIn): Promise<number> {
  signal.throwIfAborted()
  const child = spawn("sh", ["-c", `${command}\nexit $?`], {
    cwd: directory,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  })
  const end = (name: NodeJS.Signals) => child.pid !== undefined && signalGroup(child.pid, name)
  const abort = () => {
    end("SIGTERM")
    setTimeout(() => end("SIGKILL"), killAfterMs).unref()
  }
  signal.addEventListener("abort", abort, { once: true })
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", onLine)
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", reject)
      child.once("close", (ended) => resolve(ended ?? 137))
    })
    signal.throwIfAborted()
    return code
  } finally {
    signal.removeEventListener("abort", abort)
  }
}

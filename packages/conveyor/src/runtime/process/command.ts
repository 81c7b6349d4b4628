// Runs one command line to its end, passing its output on line by line. Called by the directory builder.
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { ConveyorError } from "../../kernel/errors.ts"
import { signalGroup } from "../../kernel/process-identity.ts"
import type { CommandRun } from "../builder.ts"

const keptLines = 30
const killAfterMs = 5_000

/** @throws ConveyorError "command-failed" with the exit code and the last lines, or the signal's reason. */
export async function runCommand(directory: string, { command, environment, signal, onLine }: CommandRun): Promise<void> {
  signal.throwIfAborted()
  const child = spawn("sh", ["-c", command], {
    cwd: directory,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  })
  const end = (name: NodeJS.Signals) => {
    if (child.pid !== undefined) signalGroup(child.pid, name)
  }
  const abort = () => {
    end("SIGTERM")
    setTimeout(() => end("SIGKILL"), killAfterMs).unref()
  }
  signal.addEventListener("abort", abort, { once: true })

  const tail: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      tail.push(line)
      if (tail.length > keptLines) tail.shift()
      onLine(line)
    })
  }
  try {
    const ending = await new Promise<{ code: number | null; by: NodeJS.Signals | null }>((resolve, reject) => {
      child.once("error", reject)
      child.once("close", (code, by) => resolve({ code, by }))
    })
    signal.throwIfAborted()
    if (ending.code !== 0) {
      throw new ConveyorError(
        "command-failed",
        `\`${command}\` ended with ${ending.code === null ? String(ending.by) : `code ${ending.code}`}:\n${tail.join("\n")}`,
        {
          facts: { command, ...ending },
          hint: "Run the same command in a clean checkout of the commit, mend it, and push again.",
        },
      )
    }
  } finally {
    signal.removeEventListener("abort", abort)
  }
}

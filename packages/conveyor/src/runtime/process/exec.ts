// One command beside the copies, to its end: bounded by its signal, no faster than its reader, and with nothing of its group left
// when this returns, nor when this process dies. Called by the process runtime.
import { spawn } from "node:child_process"
import type { ChildProcessByStdio } from "node:child_process"
import type { Readable } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import { signalGroup } from "../../kernel/process/process-identity.ts"
import type { ExecOptions, OutputChunk } from "../runtime.ts"

export interface ExecIn extends ExecOptions {
  environment: NodeJS.ProcessEnv
}

const killAfterMs = 5_000
const outputEndsWithinMs = 2_000
const ofKilled = 128

// Whoever started this holds the other end of file 3: where that closes, nobody is there any more who could end the command.
const guarded = `{ trap '' TERM; read -r _ <&3; kill -TERM 0; sleep 5; kill -KILL 0; } >/dev/null 2>&1 &
exec 3<&-
eval "$0"
exit $?`

/** Gives the exit code; of a command that a signal ended, 128 and more, as shells give it. @throws ConveyorError "cannot-start"; the signal's reason. */
export async function execIn(directory: string, { command, environment, onOutput, signal }: ExecIn): Promise<number> {
  signal.throwIfAborted()
  const child = spawn("sh", ["-c", guarded, command], {
    cwd: directory,
    env: environment,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    detached: true,
  }) as ChildProcessByStdio<null, Readable, Readable>
  const end = (name: NodeJS.Signals) => {
    if (child.pid !== undefined) signalGroup(child.pid, name)
  }
  let kill: NodeJS.Timeout | undefined
  const stop = () => {
    end("SIGTERM")
    kill = setTimeout(() => end("SIGKILL"), killAfterMs)
  }
  signal.addEventListener("abort", stop, { once: true })
  child.stdio[3]?.on("error", () => {})
  const streams = [child.stdout, child.stderr] as const
  const read = Promise.all([pass(child.stdout, "out", onOutput), pass(child.stderr, "err", onOutput)])
  // Whoever takes no more output wants no more of the command.
  read.catch(stop)
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", (cause) =>
        reject(new ConveyorError("cannot-start", `no shell could be started in ${directory}: ${describe(cause)}`, { cause })),
      )
      child.once("exit", (ended) => resolve(ended ?? ofKilled + 9))
    })
    end("SIGKILL")
    await Promise.race([read, sleep(outputEndsWithinMs, undefined, { ref: false })])
    signal.throwIfAborted()
    return code
  } finally {
    end("SIGKILL")
    clearTimeout(kill)
    for (const stream of streams) stream.destroy()
    child.stdio[3]?.destroy()
    signal.removeEventListener("abort", stop)
  }
}

async function pass(stream: Readable, name: OutputChunk["stream"], onOutput: ExecOptions["onOutput"]): Promise<void> {
  stream.setEncoding("utf8")
  try {
    for await (const text of stream as AsyncIterable<string>) await onOutput({ stream: name, text })
  } catch (thrown) {
    // Destroyed at the end, with whoever still held it.
    if (!stream.destroyed || !(thrown instanceof Error && "code" in thrown && thrown.code === "ERR_STREAM_PREMATURE_CLOSE")) throw thrown
  }
}

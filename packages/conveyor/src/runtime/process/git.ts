// One question to git about the repository. Called by the directory builder and what it is made of.
import { spawn } from "node:child_process"
import { ConveyorError } from "../../kernel/errors/errors.ts"

export interface GitOptions {
  environment?: Readonly<Record<string, string>>
  input?: string
  signal?: AbortSignal
}

/** @throws ConveyorError "git-failed" with what git said. */
export async function git(repository: string, argv: readonly string[], options: GitOptions = {}): Promise<string> {
  return (await gitBytes(repository, argv, options)).toString("utf8")
}

/** @throws ConveyorError "git-failed" with what git said. */
export function gitBytes(repository: string, argv: readonly string[], { environment, input, signal }: GitOptions = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const failed = (said: string, cause?: unknown) =>
      reject(new ConveyorError("git-failed", `git ${argv[0] ?? ""} failed: ${said}`, { facts: { repository, argv }, cause }))
    const child = spawn("git", ["--git-dir", repository, ...argv], {
      stdio: "pipe",
      env: { ...process.env, ...environment },
      ...(signal !== undefined && { signal }),
    })
    const [out, err]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk))
    child.once("error", (cause) => (signal?.aborted === true ? reject(signal.reason) : failed(cause.message, cause)))
    child.once("close", (code) => {
      if (code === 0) resolve(Buffer.concat(out))
      else failed(Buffer.concat(err).toString("utf8").trim())
    })
    // Git may have ended before it has read everything; how it ended says why.
    child.stdin.once("error", () => {})
    child.stdin.end(input)
  })
}

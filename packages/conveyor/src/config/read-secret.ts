// Reads one secret from the one place that conveyor.yml names, bounded in time and size. What goes wrong is told with the
// secret's name and place, and never with anything that was read. Called by wiring/environments.ts.
import { spawn } from "node:child_process"
import { open } from "node:fs/promises"
import { formatDuration, seconds } from "../kernel/time/duration.ts"
import { ConveyorError, describe } from "../kernel/errors/errors.ts"
import { signalGroup } from "../kernel/process/process-identity.ts"
import { Secret } from "../kernel/secret.ts"
import type { Variables } from "./load-config.ts"
import type { SecretSource } from "./secrets.ts"

export const longestSecretBytes = 64 * 1_024
const defaultWithinMs = seconds(15)

export interface ReadSecretOptions {
  /** Of this process. */
  variables: Variables
  signal: AbortSignal
  /** How long a command may take. */
  withinMs?: number
}

/** One line end at the end is the file's or the command's, and not the secret's. @throws ConveyorError "secret-unreadable" */
export async function readSecret(name: string, source: SecretSource, options: ReadSecretOptions): Promise<Secret> {
  const fail = (why: string) => unreadable(name, source, why)
  const read = await bytesOf(source, fail, options)
  if (read.length > longestSecretBytes) throw fail("it is longer than 64 KB")
  const text = read.toString("utf8").replace(/\r?\n$/, "")
  if (text === "") throw fail("it is empty")
  if (text.includes("\0")) throw fail("there are zero bytes in it, which no environment can hold")
  return new Secret(text)
}

type Fail = (why: string) => ConveyorError

async function bytesOf({ file, env, command }: SecretSource, fail: Fail, options: ReadSecretOptions): Promise<Buffer> {
  if (file !== undefined) return fromFile(file, fail)
  if (command !== undefined) return fromCommand(command, fail, options)
  const value = options.variables[env ?? ""]
  if (value === undefined) throw fail("the variable is not set where `conveyor up` was started")
  return Buffer.from(value)
}

async function fromFile(path: string, fail: Fail): Promise<Buffer> {
  const handle = await open(path, "r").catch((cause: NodeJS.ErrnoException) => {
    throw fail(cause.code === "ENOENT" ? "there is no such file" : describe(cause))
  })
  try {
    if (!(await handle.stat()).isFile()) throw fail("it is no file")
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(longestSecretBytes + 1), 0, longestSecretBytes + 1, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** In a group of its own, which is ended whole: at its end, when it is late, when it says too much, when nobody waits any more. */
async function fromCommand(command: string, fail: Fail, { signal, withinMs = defaultWithinMs }: ReadSecretOptions): Promise<Buffer> {
  signal.throwIfAborted()
  const child = spawn("sh", ["-c", command], { detached: true, stdio: ["ignore", "pipe", "ignore"] })
  const end = () => child.pid !== undefined && signalGroup(child.pid, "SIGKILL")
  const chunks: Buffer[] = []
  let [size, isLate] = [0, false]
  const timer = setTimeout(() => {
    isLate = true
    end()
  }, withinMs)
  signal.addEventListener("abort", end, { once: true })
  child.stdout.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (size > longestSecretBytes) end()
    else chunks.push(chunk)
  })
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", (cause) => reject(fail(describe(cause))))
      // What it leaves behind holds its output open, and is ended with it.
      child.once("exit", end)
      child.once("close", resolve)
    })
    signal.throwIfAborted()
    if (isLate) throw fail(`it had not ended after ${formatDuration(withinMs)}`)
    if (size > longestSecretBytes) throw fail("it is longer than 64 KB")
    if (code !== 0) throw fail(code === null ? "it was ended by a signal" : `it ended with code ${code}`)
    return Buffer.concat(chunks)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener("abort", end)
  }
}

function unreadable(name: string, source: SecretSource, why: string): ConveyorError {
  return new ConveyorError("secret-unreadable", `the secret ${name} cannot be read from ${placeOf(source)}: ${why}`, {
    facts: { name },
    hint: "Mend that place, or name another under `secrets` in conveyor.yml, and ask again. The control plane reads it, as its own user.",
  })
}

export const placeOf = ({ file, env, command }: SecretSource): string =>
  file ?? (env === undefined ? `the command \`${command ?? ""}\`` : `the variable ${env}`)

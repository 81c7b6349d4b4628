// A one-off command followed to its end. Called by `conveyor run` and `conveyor exec`.
import { once } from "node:events"
import { knownCode } from "../kernel/errors/error-catalogue.ts"
import { ConveyorError } from "../kernel/errors/errors.ts"
import type { CommandInput } from "../server/protocol/commands.ts"
import type { ControlAddress } from "../server/installation/state-directory.ts"
import { Client } from "./client.ts"

/** One argument is a command line already; several are told apart by the shell as they were told apart here. */
export const commandLine = (argv: readonly string[]): string =>
  argv.length === 1
    ? (argv[0] ?? "")
    : argv.map((each) => (/^[\w./:@=,+%-]+$/.test(each) ? each : `'${each.replaceAll("'", "'\\''")}'`)).join(" ")

/** Gives its exit code. @throws ConveyorError as the control plane refuses, or where it died meanwhile. */
export async function follow(address: ControlAddress, input: CommandInput): Promise<number> {
  const gone = new AbortController()
  const stop = () => gone.abort(new ConveyorError("cancelled", "the command was ended, as asked"))
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop)
  try {
    for await (const news of new Client(address).command(input, gone.signal)) {
      if ("exitCode" in news) return news.exitCode
      if ("refused" in news) {
        const { code, message, hint, facts } = news.refused
        throw new ConveyorError(knownCode(code), message, { ...(hint !== undefined && { hint }), ...(facts !== undefined && { facts }) })
      }
      const stream = news.stream === "out" ? process.stdout : process.stderr
      if (!stream.write(news.text)) await once(stream, "drain")
    }
  } catch (thrown) {
    gone.signal.throwIfAborted()
    if (thrown instanceof ConveyorError) throw thrown
    throw brokenOff(thrown)
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop)
  }
  throw brokenOff(undefined)
}

const brokenOff = (cause: unknown) =>
  new ConveyorError("unknown-outcome", "the control plane went away: the command was ended, and how far it came is not known", {
    hint: "conveyor up starts the control plane again; look at what the command does before you run it again.",
    cause,
  })

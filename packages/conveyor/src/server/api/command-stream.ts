// One-off commands over HTTP: output as it comes, no faster than it is read; whoever goes away ends the command. Called by the API.
import type { ServerResponse } from "node:http"
import type { z } from "zod"
import { formatDuration } from "../../kernel/time/duration.ts"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import { serviceAt } from "../../release/one-off.ts"
import type { Ports } from "../../release/ports.ts"
import type { ExecOptions } from "../../runtime/runtime.ts"
import type { commandInput, CommandNews } from "../protocol/commands.ts"
import { beginJsonLines } from "./json-lines.ts"

type Input = z.output<typeof commandInput>
type Command = (options: Omit<ExecOptions, "command">) => Promise<number>

interface Prepared {
  action: "run" | "exec"
  /** What it runs as. */
  subject: string
  command: Command
}

/** Everything that can be refused is, before the first byte of the answer. */
export async function prepareCommand(ports: Ports, { copy, command, ...where }: Input, signal: AbortSignal): Promise<Prepared> {
  const { runtime } = ports
  if (copy === undefined) {
    const spec = await serviceAt(ports, where, signal)
    return {
      action: "run",
      subject: `${spec.service} of ${spec.version}`,
      command: (options) => runtime.run(spec, { command, ...options }),
    }
  }
  const isRunning = (await runtime.observe(signal)).copies.some(({ id, state }) => id === copy && state === "running")
  if (isRunning) return { action: "exec", subject: copy, command: (options) => runtime.exec(copy, { command, ...options }) }
  throw new ConveyorError("no-such-copy", `there is no running copy ${copy}`, {
    facts: { copy },
    hint: "conveyor status --json lists the copies.",
  })
}

export async function streamCommand(response: ServerResponse, command: Command, { withinMs }: Input, signal: AbortSignal): Promise<void> {
  const tell: (news: CommandNews) => Promise<void> = beginJsonLines(response, signal)
  const late = new ConveyorError("command-timed-out", `the command had not ended after ${formatDuration(withinMs)}, and was ended`, {
    facts: { withinMs },
    hint: "Where it may take longer: --timeout 6h",
  })
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(late), withinMs)
  try {
    await tell({ exitCode: await command({ onOutput: tell, signal: AbortSignal.any([signal, patience.signal]) }) })
  } catch (thrown) {
    const { code, message, hint, facts } = thrown instanceof ConveyorError ? thrown : new ConveyorError("unexpected", describe(thrown))
    if (!signal.aborted) await tell({ refused: { code, message, hint, facts } })
  } finally {
    clearTimeout(timer)
    response.end()
  }
}

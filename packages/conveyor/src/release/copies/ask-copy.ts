// One question to one copy: how are you? Over its address, by a command beside it, or by how long it lives. Called by the
// checkup between releases, and by whoever waits until a copy is well.
import { ConveyorError } from "../../kernel/errors/errors.ts"
import type { Facts } from "../../kernel/errors/errors.ts"
import { checkInWords } from "../../kernel/health-check.ts"
import type { CommandCheck, HealthCheck, StaysUpCheck } from "../../kernel/health-check.ts"
import type { Copy, OutputChunk } from "../../runtime/runtime.ts"
import type { Ports } from "../ports.ts"

const longestOutput = 500

/** @throws ConveyorError "unhealthy": with `silentMs` where there was no answer in time, with `status` or `exitCode` where there was one. */
export async function askCopy(ports: Ports, copy: Copy, check: HealthCheck, signal: AbortSignal): Promise<Facts> {
  const patience = AbortSignal.timeout(check.timeoutMs)
  try {
    return await ask(ports, copy, check, AbortSignal.any([signal, patience]))
  } catch (thrown) {
    signal.throwIfAborted()
    if (!patience.aborted || thrown instanceof ConveyorError) throw thrown
    throw new ConveyorError("unhealthy", `${checkInWords(check)}: no answer within ${check.timeoutMs / 1_000} s`, {
      facts: { copy: copy.id, silentMs: check.timeoutMs },
      cause: thrown,
    })
  }
}

async function ask(ports: Ports, copy: Copy, check: HealthCheck, signal: AbortSignal): Promise<Facts> {
  const { address, release } = copy
  if (check.kind === "command") return askByCommand(ports, copy, check, signal)
  if (check.kind === "stays-up") return hasStayedUp(copy, check, ports.clock.now())
  return ports.queryHealth({ address, release, check, signal })
}

async function askByCommand({ runtime }: Ports, { id }: Copy, { command }: CommandCheck, signal: AbortSignal): Promise<Facts> {
  let said = ""
  const onOutput = ({ text }: OutputChunk) => (said = `${said}${text}`.slice(-longestOutput))
  const exitCode = await runtime.exec(id, { command, onOutput, signal })
  if (exitCode === 0) return { exitCode }
  const because = said.trim() === "" ? "" : `: ${said.trim()}`
  throw new ConveyorError("unhealthy", `\`${command}\` ended with exit code ${exitCode}${because}`, { facts: { copy: id, exitCode } })
}

function hasStayedUp({ id, startedAt }: Copy, { forMs }: StaysUpCheck, now: number): Facts {
  const upMs = now - startedAt
  if (upMs >= forMs) return { upMs }
  throw new ConveyorError("unhealthy", `it has been up for ${upMs / 1_000} of ${forMs / 1_000} s`, { facts: { copy: id, upMs } })
}

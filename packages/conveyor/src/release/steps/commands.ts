// What conveyor.yml wants run at a phase of a release, such as another tool's migrations: one after the other, as the new version. Each
// is journalled before it begins and after it has ended, so one that has ended is not run again; one that a crash broke off is. So
// it runs at least once, and has to bear that. Called by the steps that its phase belongs to.
import type { ReleaseCommand } from "../../config/release-commands.ts"
import { formatDuration } from "../../kernel/time/duration.ts"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import type { OutputChunk } from "../../runtime/runtime.ts"
import { specOf } from "../one-off.ts"
import type { StepContext } from "./step.ts"

export type Phase = ReleaseCommand["phase"]

const stepOf = { before_expand: "expand", after_start: "verify", after_promotion: "retire" } as const satisfies Record<Phase, string>
const longestTail = 4_000

type Outcome = "done" | "failed, and the release went on"

/** Gives what became of each, by name. @throws ConveyorError "command-failed", "command-timed-out" where a failure stops the release. */
export async function runCommands(context: StepContext, phase: Phase): Promise<Readonly<Record<string, Outcome>>> {
  const { config, release } = context
  const outcomes: Record<string, Outcome> = {}
  // A rollback goes to what has been released.
  if (release.kind !== "release") return outcomes
  for (const [name, command] of Object.entries(config.release.commands)) {
    if (command.phase === phase) outcomes[name] = (await outcomeBefore(context, name)) ?? (await runOne(context, name, command))
  }
  return outcomes
}

async function outcomeBefore({ ports, release }: StepContext, name: string): Promise<Outcome | undefined> {
  const ended = (await ports.journal.of(release.id)).find(({ facts }) => facts["command"] === name && facts["outcome"] !== undefined)
  return ended?.facts["outcome"] as Outcome | undefined
}

async function runOne(context: StepContext, name: string, command: ReleaseCommand): Promise<Outcome> {
  const { ports, release, signal, onEvent } = context
  const note = async (facts: object) =>
    onEvent(await ports.journal.record(release.id, stepOf[command.phase], "started", { command: name, ...facts }))
  await note({ run: command.run })
  try {
    await carryOut(context, name, command)
    await note({ outcome: "done" })
    return "done"
  } catch (thrown) {
    signal.throwIfAborted()
    if (command.on_failure === "stop") throw thrown
    await note({ outcome: "failed, and the release went on", message: describe(thrown) })
    return "failed, and the release went on"
  }
}

async function carryOut({ ports, version, config, signal, report }: StepContext, name: string, command: ReleaseCommand): Promise<void> {
  const spec = await specOf(ports, version(), config, command.service ?? Object.keys(config.services)[0])
  let tail = ""
  const onOutput = ({ text }: OutputChunk) => {
    tail = `${tail}${text}`.slice(-longestTail)
    report({ message: `${name}: ${tail.trimEnd().split("\n").at(-1) ?? ""}` })
  }
  const refused = (code: "command-failed" | "command-timed-out", how: string) =>
    new ConveyorError(code, `${name} (\`${command.run}\`) ${how}:\n${tail.trimEnd()}`, {
      facts: { command: name, phase: command.phase },
      hint: "Mend the command, and push again. What it has done stays done: it is run again then.",
    })
  report({ message: `${name}: ${command.run}` })
  const late = AbortSignal.timeout(command.timeout)
  const run = ports.runtime.run(spec, { command: command.run, onOutput, signal: AbortSignal.any([signal, late]) })
  const exitCode = await run.catch((thrown: unknown) => {
    signal.throwIfAborted()
    throw late.aborted ? refused("command-timed-out", `had not ended after ${formatDuration(command.timeout)}, and was ended`) : thrown
  })
  if (exitCode !== 0) throw refused("command-failed", `ended with code ${exitCode}`)
}

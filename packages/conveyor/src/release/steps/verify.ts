// verify: a status query to each new copy, at its own address, answered with the id of the release that started it. Copies that
// this run has started are warmed up besides.
import { seconds } from "../../kernel/time/duration.ts"
import { atOnceOf } from "../copies/waves.ts"
import { warmUp } from "../copies/warm-up.ts"
import { wellCopies } from "../copies/well-copies.ts"
import { plannedFor } from "../planning/planned.ts"
import { runCommands } from "./commands.ts"
import type { Step, StepContext } from "./step.ts"

const lastWordMs = seconds(2)

export const verify: Step = {
  async run(context) {
    const { ports, version, config, planned, signal, report } = context
    const started = await startedIn(context)
    // What start has waited for in vain is only asked once more.
    const withinMs = started.some(({ facts }) => facts["notWell"] !== undefined) ? lastWordMs : config.release.start_within
    const { copies, asked } = await wellCopies(ports, { version: version().name, config, missing: "fail", withinMs, signal, report })
    const well = { well: copies.map((copy) => copy.id), asked, commands: await runCommands(context, "after_start") }
    const plan = plannedFor("verify", planned).warmUp
    if (plan === "no") return well
    const atOnce = atOnceOf(config.release.start.at_once, ports.cores)
    return { ...well, warmedUp: await warmUp(ports, copies, { ...plan, config, atOnce, signal, report }) }
  },
}

const startedIn = async ({ ports, release }: StepContext) => (await ports.journal.of(release.id)).filter(({ step }) => step === "start")

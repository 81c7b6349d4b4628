// verify: a status query to each new copy, at its own address, answered with the id of the release that started it.
import { wellCopies } from "../copies/well-copies.ts"
import { runCommands } from "./commands.ts"
import type { Step } from "./step.ts"

export const verify: Step = {
  async run(context) {
    const { ports, version, config, signal, report } = context
    const { copies, asked } = await wellCopies(ports, { version: version().name, config, missing: "fail", signal, report })
    return { well: copies.map((copy) => copy.id), asked, commands: await runCommands(context, "after_start") }
  },
}

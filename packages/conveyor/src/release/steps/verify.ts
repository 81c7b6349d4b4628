// verify: a status query to each new copy, at its own address, answered with the id of the release that started it.
import { runningCopies, waitUntilWell } from "../copies.ts"
import { ConveyorError } from "../../kernel/errors.ts"
import type { Step } from "./step.ts"

export const verify: Step = {
  async run({ ports, version, config, signal, report }) {
    const copies = await runningCopies(ports, version().name)
    const missing = Object.keys(config.services).filter((service) => !copies.some((copy) => copy.service === service))
    if (missing.length > 0) {
      throw new ConveyorError("copy-died", `no copy of ${missing.join(", ")} runs at ${version().name}`, {
        facts: { missing },
        hint: `See their output: conveyor logs ${version().name} ${missing[0] ?? ""}`,
      })
    }
    for (const copy of copies) {
      report({ message: `asking ${copy.service} ${copy.index + 1} of ${copy.version} how it is` })
      await waitUntilWell(ports, copy, config, signal)
    }
    return { well: copies.map((copy) => copy.id) }
  },
}

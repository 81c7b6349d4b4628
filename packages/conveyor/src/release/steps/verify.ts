// verify: a status query to each new copy, at its own address, answered with the id of the release that started it.
import { freshMs } from "../copies/checkup.ts"
import { runningCopies, waitUntilWell } from "../copies/copies.ts"
import { ConveyorError } from "../../kernel/errors.ts"
import type { Copy } from "../../runtime/runtime.ts"
import type { Step } from "./step.ts"

export const verify: Step = {
  async run({ ports, version, config, signal, report }) {
    const copies = await runningCopies(ports, version().name, signal)
    const missing = Object.keys(config.services).filter((service) => !copies.some((copy) => copy.service === service))
    if (missing.length > 0) {
      throw new ConveyorError("copy-died", `no copy of ${missing.join(", ")} runs at ${version().name}`, {
        facts: { missing },
        hint: `See their output: conveyor logs ${version().name} ${missing[0] ?? ""}`,
      })
    }
    // Who was asked between releases and was well is not asked again: of warm copies a rollback knows already.
    const unknown = copies.filter(({ id }) => (ports.health.wellFor(id, ports.clock.now()) ?? Infinity) > freshMs)
    report({ message: `asking ${unknown.length} of ${copies.length} copies of ${version().name} how they are` })
    const howToAsk = { status: config.status, withinMs: config.release.start_within }
    await askAll(unknown, (copy, others) => waitUntilWell(ports, copy, howToAsk, AbortSignal.any([signal, others])))
    return { well: copies.map((copy) => copy.id), asked: unknown.map((copy) => copy.id) }
  },
}

/** All at once; the first that is not well ends the asking of the others. */
async function askAll(copies: readonly Copy[], ask: (copy: Copy, others: AbortSignal) => Promise<unknown>): Promise<void> {
  const failed = new AbortController()
  const asked = copies.map((copy) =>
    ask(copy, failed.signal).catch((cause: unknown) => {
      failed.abort(cause)
      throw cause
    }),
  )
  const [first] = (await Promise.allSettled(asked)).filter((each) => each.status === "rejected")
  if (first !== undefined) throw failed.signal.reason
}

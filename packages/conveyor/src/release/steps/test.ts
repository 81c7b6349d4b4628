// test: the commit's own tests, in a throw-away copy of its artifact; once for each version.
import { stateOf } from "../machine.ts"
import { artifactOf } from "../fit/versions.ts"
import type { Ports } from "../ports.ts"
import type { Step } from "./step.ts"

export const test: Step = {
  async run({ ports, version, config, signal, report }) {
    if (config.test === undefined) return { skipped: "conveyor.yml names no test command" }
    const earlier = await passedIn(ports, version().name)
    if (earlier !== undefined) return { skipped: `the same artifact passed in run ${earlier}` }
    await ports.builder.runIn(artifactOf(version()), {
      command: config.test.run,
      environment: { ...config.test.environment, CONVEYOR_COMMIT: version().commit },
      withinMs: config.timeouts.test,
      signal,
      onLine: (line) => report({ message: line }),
    })
    return {}
  },
}

/** The run in which the version's tests passed. */
async function passedIn({ queue, journal }: Ports, version: string): Promise<number | undefined> {
  for (const run of await queue.ofVersion(version)) {
    if (stateOf("test", await journal.of(run.id)) === "done") return run.id
  }
  return undefined
}

// test: the commit's own tests, in a throw-away copy of its artifact; once for each version.
import { stateOf } from "../machine.ts"
import { artifactOf } from "../fit/versions.ts"
import type { Step } from "./step.ts"

export const test: Step = {
  async run({ ports, version, config, signal, report }) {
    if (config.test === undefined) return { skipped: "conveyor.yml names no test command" }
    const earlier = ports.store
      .releases()
      .find((each) => each.version === version().name && stateOf("test", ports.store.journal(each.id)) === "done")
    if (earlier !== undefined) return { skipped: `the same artifact passed in run ${earlier.id}` }
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

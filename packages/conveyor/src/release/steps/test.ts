// test: the commit's own tests, in a throw-away copy of its artifact; once for each version.
import { artifactOf } from "../fit/versions.ts"
import { plannedFor } from "../planning/planned.ts"
import type { Step } from "./step.ts"

export const test: Step = {
  async run({ ports, version, config, planned, signal, report }) {
    const plan = plannedFor("test", planned)
    if (plan.does === "skip") return { skipped: plan.because }
    await ports.builder.runIn(artifactOf(version()), {
      command: plan.command,
      environment: {
        ...config.test?.environment,
        ...(await ports.environments.read(config.test?.secrets ?? {}, signal)),
        CONVEYOR_COMMIT: version().commit,
      },
      withinMs: config.timeouts.test,
      signal,
      onLine: (line) => report({ message: line }),
    })
    return {}
  },
}

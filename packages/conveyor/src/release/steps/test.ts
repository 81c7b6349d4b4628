// test: the commit's own tests, in a throw-away copy of its artifact.
import { artifactOf } from "../versions.ts"
import type { Step } from "./step.ts"

export const test: Step = {
  async run({ ports, version, config, signal, report }) {
    if (config.test === undefined) return { skipped: "conveyor.yml names no test command" }
    await ports.builder.runIn(artifactOf(version()), {
      command: config.test,
      environment: config.environment,
      signal,
      onLine: (line) => report({ message: line }),
    })
    return {}
  },
}

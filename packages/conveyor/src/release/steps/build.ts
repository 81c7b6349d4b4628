// build: the commit's artifact, once, and the names of the changes in the commit.
import { waitBefore } from "../copies/users-first.ts"
import { changesIn } from "../fit/versions.ts"
import { plannedFor } from "../planning/planned.ts"
import type { Step } from "./step.ts"

export const build: Step = {
  /** How users are served before anything is begun for the new version. */
  prepare: ({ ports, signal }) => waitBefore(ports, signal),

  async run({ ports, release, config, planned, signal, report }) {
    const artifact = await ports.builder.build(release.commit, {
      command: plannedFor("build", planned).command,
      environment: {
        ...config.build?.environment,
        ...(await ports.environments.read(config.build?.secrets ?? {}, signal)),
        CONVEYOR_COMMIT: release.commit,
      },
      withinMs: config.timeouts.build,
      signal,
      onLine: (line) => report({ message: line }),
    })
    const changes = await changesIn(ports, release.commit, config)
    await ports.versions.built(
      release.version,
      artifact,
      changes.map((change) => change.name),
    )
    return { artifact: artifact.id, changes: changes.map((change) => change.name) }
  },
}

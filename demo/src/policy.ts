// What the demo changes in Florist's conveyor.yml: minutes become seconds, so that a release can be watched in one sitting.
import { appendFile } from "node:fs/promises"
import { join } from "node:path"

const noticeSeconds = 8

const policy = (listen: string) => `
# The demo is watched in one sitting: what takes minutes and hours in production takes seconds here.
edge: { listen: "${listen}" }
release:
  bake: { for: 25s, at_least: 200, at_most: 60s }
  notice: ${noticeSeconds}s
  rollback_window: 1h
  stop_grace: 10s
`

export async function useDemoPolicy(repository: string, listen: string): Promise<void> {
  await appendFile(join(repository, "conveyor.yml"), policy(listen))
}

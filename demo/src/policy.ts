// What the demo changes in Florist's conveyor.yml: minutes become seconds, so that a release can be watched in one sitting.
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"

export const policy = { bakeSeconds: 22, noticeSeconds: 7, observeSeconds: 5, softDropSeconds: 5 } as const

const release = (listen: string) => `
# The demo is watched in one sitting: what takes minutes and hours in production takes seconds here.
edge: { listen: "${listen}" }
release:
  start: { wait_for_users: 5s }
  bake: { for: ${policy.bakeSeconds}s, at_least: 200, at_most: 60s }
  notice: ${policy.noticeSeconds}s
  rollback_window: 1h
  stop_grace: 10s
`

const ofFleet = "  changes: changes\n"
const contract = `  contract: { observe: ${policy.observeSeconds}s, soft_drop: ${policy.softDropSeconds}s }\n`

export async function useDemoPolicy(repository: string, listen: string): Promise<void> {
  const file = join(repository, "conveyor.yml")
  const text = await readFile(file, "utf8")
  if (!text.includes(ofFleet)) throw new Error("Florist's conveyor.yml names its changes in another way than the demo knows.")
  await writeFile(file, text.replace(ofFleet, ofFleet + contract) + release(listen))
}

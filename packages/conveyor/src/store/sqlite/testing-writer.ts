// A process that takes the lease of a state.db and writes one line of a journal for each word that it is sent; it ends when it may
// not write any more, with the reason. Started by the tests of the lease.
import { createInterface } from "node:readline"
import { systemClock } from "../../kernel/time/clock.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { openSqliteStore } from "./open.ts"

const [file = "", forMs = ""] = process.argv.slice(2)
const store = openSqliteStore(file, { clock: systemClock, whyIllegal: () => undefined })
await store.lease.acquire(Number(forMs))
const version = await store.versions.ensure("abc", "Add roses")
const run = await store.queue.enqueue("release", version.name)
process.stdout.write("ready\n")
try {
  for await (const word of createInterface({ input: process.stdin })) {
    await store.journal.record(run.id, word, "started")
    process.stdout.write(`wrote ${word}\n`)
  }
} catch (thrown) {
  process.stdout.write(`ended: ${thrown instanceof ConveyorError ? thrown.code : String(thrown)}\n`)
} finally {
  process.stdin.destroy()
  await store.close()
}

// A runner in a process of its own, for tests that kill it: takes the change through expand, backfill and verify, or
// repacks it.
import { engineFor, survivedChange, testRun } from "./testing.ts"

const [url, fence, task = "release"] = process.argv.slice(2)
if (url === undefined || fence === undefined) throw new Error("usage: testing-runner.ts URL FENCE [release|repack]")

const engine = engineFor([{ name: "app", url }], { batch: { firstRows: 20, largestRows: 60, strides: 3, rest: 0.5, vacuumEvery: 0.3 } })
const run = testRun(undefined, new AbortController().signal, Number(fence))
if (task === "repack") {
  await engine.repack(survivedChange, run)
} else {
  await engine.expand(survivedChange, run)
  await engine.backfill(survivedChange, run)
  await engine.verify(survivedChange, run)
}
await engine.close()

// Neighbours of the demo's users: loops that keep a core busy each, on the same machine, from the moment that users come.
// Called by the stage where --beside-load asks for it.
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"

/** Ends with its starter, whatever becomes of that: it works only while somebody holds the other end of its input. */
const loop = `process.stdin.on("end", () => process.exit()).resume()
const work = () => { const until = Date.now() + 200; while (Date.now() < until); setImmediate(work) }
work()`

export class BesideLoad {
  readonly #loops: readonly ChildProcess[]

  constructor(loops: number) {
    this.#loops = Array.from({ length: loops }, () =>
      spawn(process.execPath, ["-e", loop], { stdio: ["pipe", "ignore", "ignore"], detached: true }),
    )
  }

  async stop(): Promise<void> {
    const living = this.#loops.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    await Promise.all(
      living.map((each) => {
        const gone = once(each, "exit")
        each.kill("SIGKILL")
        return gone
      }),
    )
  }
}

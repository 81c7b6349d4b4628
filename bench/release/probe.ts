// A user who asks the edge all the time, one request after the other, and remembers when each was answered and how fast.
// Called by report.ts.
import { request, Agent } from "node:http"
import { setTimeout as sleep } from "node:timers/promises"

export interface Seen {
  /** Milliseconds since the Unix epoch, at its end. */
  at: number
  ms: number
  isOk: boolean
}

export class Probe {
  readonly seen: Seen[] = []
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #stop = new AbortController()
  readonly #done: Promise<void>

  constructor(edge: string, pauseMs: number) {
    this.#done = this.#ask(edge, pauseMs)
  }

  async #ask(edge: string, pauseMs: number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const began = performance.now()
      const isOk = await new Promise<boolean>((resolve) => {
        const asked = request(`${edge}/api/flowers`, { agent: this.#agent }, (response) => {
          response.resume().once("end", () => resolve(response.statusCode === 200))
        })
        asked.once("error", () => resolve(false)).end()
      })
      this.seen.push({ at: Date.now(), ms: performance.now() - began, isOk })
      await sleep(pauseMs)
    }
  }

  async stop(): Promise<readonly Seen[]> {
    this.#stop.abort()
    await this.#done
    this.#agent.destroy()
    return this.seen
  }
}

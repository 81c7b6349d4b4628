// One browser tab after another on the same seat: opens the document, calls as its script would, reloads when told,
// and is closed in the end. Called by `runWitness`, once for each page that is to be open at a time.
import { performance } from "node:perf_hooks"
import { ask } from "./ask.ts"
import { followNotices } from "./notice-channel.ts"
import type { Performed } from "./perform.ts"
import { Pin } from "./pin.ts"
import { pause } from "./run.ts"
import type { Run } from "./run.ts"
import type { PageScenario, RequestSpec } from "./scenario.ts"
import { Pool } from "./wire/pool.ts"

type Close = "person-left" | "told-to-reload"

/** Left between the reload and the last moment for it, because a document takes time to come. */
const reloadMarginMs = 500
const retryDocumentMs = 1_000
const documentHeaders = { accept: "text/html,application/xhtml+xml", "sec-fetch-dest": "document", "sec-fetch-mode": "navigate" }
const callHeaders = { accept: "*/*", "sec-fetch-dest": "empty", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" }

export class Page {
  readonly #run: Run
  readonly #scenario: PageScenario
  readonly #pool: Pool
  #id = ""
  #was: { id: string; version: string } | undefined
  #closesAt = Infinity
  #pin: Pin | undefined

  constructor(run: Run, scenario: PageScenario) {
    this.#run = run
    this.#scenario = scenario
    this.#pool = new Pool(run.target, run.tally.recordUnasked)
  }

  /** The pin of the document that is open now, once one is; its streams go by it. */
  get pin(): Pin | undefined {
    return this.#pin
  }

  async follow(): Promise<void> {
    const { chance, tally, ending } = this.#run
    // People do not all come at the same moment.
    await pause(chance.between({ from: 0, to: this.#scenario.thinkMs.to }), ending)
    while (!ending.aborted) {
      this.#id = chance.uuid()
      this.#was = undefined
      this.#closesAt = this.#scenario.lifeMs === undefined ? Infinity : Date.now() + chance.between(this.#scenario.lifeMs)
      const first = await this.#load()
      if (first === undefined) return
      tally.pages.opened += 1
      await this.#stay(first)
    }
  }

  /** Gives up what is under way. */
  close(): void {
    this.#pool.close()
  }

  /** Uses the page and, whenever it has to reload, the one that comes in its place. */
  async #stay(first: Pin): Promise<void> {
    let pin: Pin | undefined = first
    while (pin !== undefined && (await this.#use(pin)) === "told-to-reload") {
      const before: Pin = pin
      this.#was = before.version === undefined ? undefined : { id: this.#id, version: before.version }
      pin = await this.#load()
      if (pin !== undefined && pin.version !== before.version) this.#run.tally.pages.reloaded += 1
    }
  }

  /** Loads the document until it comes, and pins the page to its version; undefined where the run ended before. */
  async #load(): Promise<Pin | undefined> {
    const { ending } = this.#run
    while (!ending.aborted) {
      const seen = await this.#ask({ method: "GET", path: this.#scenario.document, headers: documentHeaders, expect: [200] })
      if (seen.failure === undefined) {
        this.#id = seen.pageId ?? this.#id
        return (this.#pin = new Pin(seen.version))
      }
      await pause(retryDocumentMs, ending)
    }
    return undefined
  }

  /** Calls with time to think between, until the person leaves or the page has to reload. */
  async #use(pin: Pin): Promise<Close> {
    const { chance, ending } = this.#run
    let reloadAt = Infinity
    const left = new AbortController()
    const woken = { by: new AbortController() }
    const notices = followNotices(this.#run, {
      pageId: this.#id,
      was: this.#was,
      pin,
      told: (reloadBy) => {
        if (!pin.told) this.#run.tally.pages.told += 1
        pin.tell(reloadBy)
        reloadAt = Math.min(reloadAt, chance.between({ from: Date.now(), to: Math.max(Date.now(), reloadBy - reloadMarginMs) }))
        woken.by.abort()
      },
      signal: AbortSignal.any([left.signal, ending]),
    })

    let close: Close = "person-left"
    let callAt = Date.now() + chance.between(this.#scenario.thinkMs)
    while (!ending.aborted && Date.now() < this.#closesAt) {
      const wakeAt = Math.min(callAt, reloadAt, this.#closesAt)
      woken.by = new AbortController()
      await pause(wakeAt - Date.now(), AbortSignal.any([woken.by.signal, ending]))
      if (Date.now() >= reloadAt) {
        close = "told-to-reload"
        break
      }
      if (Date.now() < callAt || ending.aborted) continue
      await this.#call(pin)
      callAt = Date.now() + chance.between(this.#scenario.thinkMs)
    }
    left.abort()
    await notices
    return close
  }

  async #call(pin: Pin): Promise<void> {
    const { chance } = this.#run
    const spec = chance.weighted(this.#scenario.calls).make(chance)
    await this.#ask({ ...spec, headers: { ...callHeaders, ...spec.headers } }, pin)
  }

  #ask(spec: RequestSpec, pin?: Pin): Promise<Performed> {
    return ask(this.#run, spec, { pool: this.#pool, dueAt: performance.now(), ...(pin === undefined ? {} : { pin }) })
  }
}

// A watch in a test's hands: a book in a folder of its own, a clock moved by hand, checks that find what the test says, and a
// notifier that writes letters down. Used by the watch's tests alone.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ManualClock } from "../kernel/time/clock.ts"
import { silentLogger } from "../kernel/logger.ts"
import { Book } from "./book/book.ts"
import type { Outcome, Place } from "./checks/check.ts"
import { tellOfOpen } from "./telling/telling.ts"
import type { Audience } from "./telling/telling.ts"
import type { Cause } from "./incidents/suspects.ts"
import { defaultRule } from "./judgement/rule.ts"
import type { Delivery, Letter, Notifier } from "./telling/notifier.ts"
import { carryDue, postPolicy } from "./telling/postman.ts"
import type { Watched } from "./plan.ts"
import { Rounds } from "./rounds.ts"

export const watched = (name: string, of: Partial<Watched> & { place?: Place } = {}): Watched => ({
  check: { name, kind: "test", place: of.place ?? {}, ask: () => Promise.reject(new Error("nobody asks it")) },
  everyMs: 10_000,
  withinMs: 5_000,
  rule: defaultRule,
  severity: "page",
  dependsOn: [],
  ...of,
})

export class WatchedStage implements Disposable {
  readonly clock = new ManualClock(1_700_000_000_000)
  readonly letters: Letter[] = []
  answer: (letter: Letter) => Delivery = () => ({ kind: "sent", thread: `t${this.letters.length}` })
  plan: Watched[]
  causes: Cause[] = []
  audiences: Audience[] = [{ notifier: "mail", severities: ["page", "ticket"] }]
  book: Book
  rounds: Rounds
  readonly #folder = mkdtempSync(join(tmpdir(), "watch-"))

  constructor(plan: Watched[]) {
    this.plan = plan
    this.book = this.#openBook()
    this.rounds = this.#makeRounds()
  }

  /** "+", "-" and "?" of each check, ten seconds apart; people are told what is due. */
  async find(findings: Readonly<Record<string, string>>): Promise<void> {
    const longest = Math.max(...Object.values(findings).map((each) => each.length))
    for (let i = 0; i < longest; i++) {
      await this.clock.advance(10_000)
      this.rounds.renewPlan()
      for (const [name, found] of Object.entries(findings)) {
        const of = this.plan.find(({ check }) => check.name === name)
        const outcome = outcomes[found[i] ?? ""]
        if (of !== undefined && outcome !== undefined) await this.rounds.found(of, { outcome, summary: `${name} is ${outcome}` })
      }
      await this.tell()
    }
  }

  async tell(): Promise<void> {
    tellOfOpen(this.book, this.audiences, (check) => this.rounds.around(check), this.clock.now())
    // Post is carried once what belongs together had time to gather; what was written meanwhile goes with the next.
    await this.clock.advance(postPolicy.gatherMs)
    await carryDue(this.postmanParts())
  }

  /** As after kill -9: all that is left is the file. */
  startAnew(): void {
    this.book.close()
    this.book = this.#openBook()
    this.rounds = this.#makeRounds()
  }

  postmanParts() {
    const notifier: Notifier = {
      name: "mail",
      kind: "webhook",
      language: "en",
      send: (letter) => {
        const delivery = this.answer(letter)
        if (delivery.kind === "sent") this.letters.push(letter)
        return Promise.resolve(delivery)
      },
    }
    const { book, clock } = this
    return {
      book,
      notifier,
      service: "shop",
      installation: "i1",
      clock,
      logger: silentLogger,
      signal: new AbortController().signal,
      random: () => 1,
    }
  }

  get told(): string[] {
    return this.letters.map(({ transition, incidents }) => `${transition} ${incidents.map(({ check }) => check).join(",")}`)
  }

  [Symbol.dispose](): void {
    this.book.close()
    rmSync(this.#folder, { recursive: true })
  }

  #openBook = () => new Book(join(this.#folder, "watch.db"))

  #makeRounds = () =>
    new Rounds({
      book: this.book,
      plan: () => this.plan,
      causes: () => Promise.resolve(this.causes),
      clock: this.clock,
      logger: silentLogger,
      random: () => 1,
    })
}

const outcomes: Readonly<Record<string, Outcome>> = { "+": "fine", "-": "problem", "?": "unknown" }

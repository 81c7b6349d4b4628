// What the demo shows while it plays: chapters and results stay; below them, where there is a terminal, what goes on
// now and what users see of it. In a log, what goes on is left out but for a line now and then.
import logUpdate from "log-update"
import pc from "picocolors"

const logLineEveryMs = 10_000

export class Terminal {
  readonly #isLive = process.stdout.isTTY
  readonly #startedAt = Date.now()
  #doing: string[] = []
  #traffic = ""
  #loggedAt = 0

  chapter(title: string): void {
    this.#doing = []
    this.#keep(`\n${pc.dim(this.#clock())} ${pc.bold(title)}`)
  }

  /** A line of a program: what it indents by four or more is passing, the rest stays. */
  line(text: string): void {
    if (text.startsWith("    ")) this.#pass(text)
    else {
      this.#doing = []
      this.#keep(`      ${text}`)
    }
  }

  found(outcome: "good" | "bad", text: string): void {
    this.#keep(`      ${outcome === "good" ? pc.green("✔") : pc.red("✖")} ${text}`)
  }

  doing(text: string): void {
    this.#doing = [`    ${text}`]
    this.#draw()
  }

  traffic(text: string): void {
    this.#traffic = text
    if (!this.#isLive && Date.now() - this.#loggedAt > logLineEveryMs) {
      this.#loggedAt = Date.now()
      process.stdout.write(pc.dim(`      users  ${text}\n`))
    }
    this.#draw()
  }

  end(): void {
    this.#doing = []
    this.#traffic = ""
    if (this.#isLive) logUpdate.clear()
  }

  #pass(text: string): void {
    // A block of progress begins with "step: what"; the lines of shards below it belong to it.
    const isHead = /^ {4}\w+: /.test(text)
    this.#doing = isHead ? [text] : [...this.#doing, text]
    this.#draw()
  }

  #keep(text: string): void {
    if (this.#isLive) logUpdate.clear()
    process.stdout.write(`${text}\n`)
    this.#draw()
  }

  #draw(): void {
    if (!this.#isLive) return
    const fit = (line: string, room: number) => line.slice(0, Math.max(20, process.stdout.columns - room))
    const users = this.#traffic === "" ? [] : [`      ${pc.cyan("users")}  ${fit(this.#traffic, 14)}`]
    logUpdate([...this.#doing.map((line) => fit(`  ${line}`, 1)), ...users].join("\n"))
  }

  #clock(): string {
    const seconds = Math.floor((Date.now() - this.#startedAt) / 1_000)
    return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`
  }
}

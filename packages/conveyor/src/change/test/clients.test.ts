import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import fc from "fast-check"
import pg from "pg"
import type { ChangeEngine } from "../engine.ts"
import type { ShardSpec } from "../fleet/shard.ts"
import { changeOf, engineFor, query, testRun } from "./testing.ts"

const change = changeOf(
  "0002-method",
  `summary: method becomes a code and a reference
operations:
  - derive_columns:
      table: app.payment
      from: { method: text }
      to: { code: { type: smallint, nullable: false }, ref: { type: text } }
      up:
        code: "CASE split_part(method, ':', 1) WHEN 'cash' THEN 1 WHEN 'card' THEN 2 WHEN 'qr' THEN 3 END"
        ref: "CASE WHEN strpos(method, ':') > 0 THEN substr(method, strpos(method, ':') + 1) END"
      down:
        method: "(CASE code WHEN 1 THEN 'cash' WHEN 2 THEN 'card' WHEN 3 THEN 'qr' END) || coalesce(':' || ref, '')"
      indexes:
        - { name: payment_code, columns: [code] }
`,
)

interface Value {
  code: number
  ref: string | null
}

const names = ["", "cash", "card", "qr"]
const methodOf = ({ code, ref }: Value) => `${names[code]}${ref === null ? "" : `:${ref}`}`
const valueArbitrary: fc.Arbitrary<Value> = fc.record({
  code: fc.integer({ min: 1, max: 3 }),
  ref: fc.option(fc.stringMatching(/^[a-zё:]{0,6}$/)),
})
const randomValue = (): Value => ({
  code: 1 + Math.floor(Math.random() * 3),
  ref: Math.random() < 0.5 ? null : `r${Math.floor(Math.random() * 1e6)}`,
})

/** An application's version on a connection of its own, with prepared statements that it made at its start. */
class AppVersion {
  readonly #client: pg.Client
  readonly #isOld: boolean

  private constructor(client: pg.Client, isOld: boolean) {
    this.#client = client
    this.#isOld = isOld
  }

  static async start(url: string, version: "old" | "new"): Promise<AppVersion> {
    const client = new pg.Client({ connectionString: url })
    client.on("error", () => {})
    await client.connect()
    return new AppVersion(client, version === "old")
  }

  async insert(id: number, value: Value): Promise<void> {
    if (this.#isOld) await this.#run("insert", "INSERT INTO app.payment (id, method) VALUES ($1, $2)", [id, methodOf(value)])
    else await this.#run("insert", "INSERT INTO app.payment (id, code, ref) VALUES ($1, $2, $3)", [id, value.code, value.ref])
  }

  async upsert(id: number, value: Value): Promise<void> {
    if (this.#isOld)
      await this.#run(
        "upsert",
        "INSERT INTO app.payment (id, method) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET method = EXCLUDED.method",
        [id, methodOf(value)],
      )
    else
      await this.#run(
        "upsert",
        "INSERT INTO app.payment (id, code, ref) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET code = EXCLUDED.code, ref = EXCLUDED.ref",
        [id, value.code, value.ref],
      )
  }

  async update(id: number, value: Value): Promise<void> {
    if (this.#isOld) await this.#run("update", "UPDATE app.payment SET method = $2 WHERE id = $1", [id, methodOf(value)])
    else await this.#run("update", "UPDATE app.payment SET code = $2, ref = $3 WHERE id = $1", [id, value.code, value.ref])
  }

  async touch(id: number): Promise<void> {
    await this.#run("touch", "UPDATE app.payment SET touched = touched + 1 WHERE id = $1", [id])
  }

  async remove(id: number): Promise<void> {
    await this.#run("remove", "DELETE FROM app.payment WHERE id = $1", [id])
  }

  /** What this version sees, as the text that both would show. */
  async read(from: number, to: number): Promise<Map<number, string>> {
    const columns = this.#isOld ? "method" : "code, ref"
    const rows = await this.#run<{ id: number; method: string } & Value>(
      "read",
      `SELECT id, ${columns} FROM app.payment WHERE id >= $1 AND id < $2`,
      [from, to],
    )
    return new Map(rows.map((row) => [row.id, this.#isOld ? row.method : methodOf(row)]))
  }

  async stop(): Promise<void> {
    await this.#client.end()
  }

  async #run<T extends pg.QueryResultRow>(name: string, text: string, values: unknown[]): Promise<T[]> {
    return (await this.#client.query<T>({ name, text, values })).rows
  }
}

let server: PostgresServer
let shard: ShardSpec
let engine: ChangeEngine

before(async () => {
  server = await startPostgres({ databases: ["app"] })
  shard = { name: "app", url: server.url("app") }
  engine = engineFor([shard], { batch: { firstRows: 10, strides: 3 }, contract: { readers: "trust-release", softDropMs: 1 } })
})
after(async () => {
  await engine.close()
  await server.stop()
})

async function freshTable(rows: number): Promise<void> {
  await query(
    shard.url,
    `DROP SCHEMA IF EXISTS conveyor CASCADE; DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app;
     CREATE TABLE app.payment (id int PRIMARY KEY, method text NOT NULL, touched int NOT NULL DEFAULT 0);
     INSERT INTO app.payment (id, method) SELECT -i, (ARRAY['cash', 'card:x', 'qr:r' || i])[i % 3 + 1] FROM generate_series(1, ${rows}) i`,
  )
}

/** What a user of either version knows of the rows, and how far the change is. */
interface Model {
  rows: Map<number, Value>
  phase: "absent" | "expanded" | "backfilled" | "verified" | "contracted"
}

interface Real {
  old: AppVersion
  new: AppVersion
}

type Step = fc.AsyncCommand<Model, Real>

const mayRun = ({ phase }: Readonly<Model>, version: "old" | "new") =>
  version === "old" ? phase !== "contracted" : phase === "verified" || phase === "contracted"

async function observe(model: Model, real: Real): Promise<void> {
  const expected = new Map([...model.rows].map(([id, value]) => [id, methodOf(value)]))
  for (const version of ["old", "new"] as const) {
    if (mayRun(model, version)) assert.deepEqual(sorted(await real[version].read(0, 1_000)), sorted(expected))
  }
}

const sorted = (map: Map<number, string>) => [...map].sort(([one], [other]) => one - other)

function write(version: "old" | "new", kind: "upsert" | "update" | "touch" | "remove", id: number, value: Value): Step {
  return {
    check: (model) => mayRun(model, version),
    async run(model, real) {
      const app = real[version]
      await (kind === "touch" || kind === "remove" ? app[kind](id) : app[kind](id, value))
      if (kind === "remove") model.rows.delete(id)
      if (kind === "upsert" || (kind === "update" && model.rows.has(id))) model.rows.set(id, value)
      await observe(model, real)
    },
    toString: () => `${version} ${kind} ${id} ${methodOf(value)}`,
  }
}

function move(from: Model["phase"], to: Model["phase"], work: () => Promise<unknown>): Step {
  return {
    check: ({ phase }) => phase === from,
    async run(model, real) {
      await work()
      model.phase = to
      await observe(model, real)
    },
    toString: () => `${from} -> ${to}`,
  }
}

const run = testRun()
const moves: Step[] = [
  move("absent", "expanded", () => engine.expand(change, run)),
  move("expanded", "backfilled", () => engine.backfill(change, run)),
  move("backfilled", "verified", () => engine.verify(change, run)),
  move("expanded", "absent", () => engine.undo(change, run)),
  move("verified", "absent", () => engine.undo(change, run)),
  move("verified", "verified", async () => assert.equal((await engine.verify(change, run)).mismatches, 0)),
  move("verified", "contracted", () => engine.contract(change, { objections: [], lastReaderStoppedAt: undefined }, run)),
]

test("both versions see every write of both, through any order of writes and phases, undo included", async () => {
  const writes = fc
    .tuple(
      fc.constantFrom("old", "new"),
      fc.constantFrom("upsert", "update", "touch", "remove"),
      fc.integer({ min: 1, max: 6 }),
      valueArbitrary,
    )
    .map(([version, kind, id, value]) => write(version, kind, id, value))
  const forward = fc.constantFrom(...moves.slice(0, 3))
  const commands = fc.commands([writes, writes, forward, forward, fc.constantFrom(...moves)], { size: "+1", maxCommands: 60 })
  await fc.assert(
    fc.asyncProperty(commands, async (steps) => {
      await freshTable(40)
      const real: Real = { old: await AppVersion.start(shard.url, "old"), new: await AppVersion.start(shard.url, "new") }
      try {
        await fc.asyncModelRun(() => ({ model: { rows: new Map(), phase: "absent" } satisfies Model as Model, real }), steps)
      } finally {
        await real.old.stop()
        await real.new.stop()
      }
    }),
    { numRuns: 15, interruptAfterTimeLimit: 20_000 },
  )
})

/** A client that writes to its own rows without a pause, and looks at them after each write. */
async function keepWriting(version: "old" | "new", from: number, signal: AbortSignal): Promise<Map<number, string>> {
  const app = await AppVersion.start(shard.url, version)
  const mine = new Map<number, string>()
  try {
    for (let n = 0; !signal.aborted; n++) {
      const id = from + (n % 40)
      const value = randomValue()
      const kind = Math.random()
      if (!mine.has(id)) await app.insert(id, value)
      else if (kind < 0.6) await app.update(id, value)
      else if (kind < 0.8) await app.upsert(id, value)
      else {
        await app.touch(id)
        continue
      }
      mine.set(id, methodOf(value))
      if (n % 20 === 0) assert.deepEqual(sorted(await app.read(from, from + 40)), sorted(mine))
      await delay(1)
    }
    return mine
  } finally {
    await app.stop()
  }
}

test("clients of both versions never see an error while a change goes through all its phases beside them", async () => {
  await freshTable(20_000)
  const oldsStop = new AbortController()
  const newsStop = new AbortController()
  const olds = [0, 1, 2].map((i) => keepWriting("old", 100 + i * 100, oldsStop.signal))
  let news: Promise<Map<number, string>>[] = []
  const failed = Promise.race(olds.map(async (client) => void (await client)))
  const beside = async (work: Promise<unknown>) => {
    await Promise.race([work, failed.then(() => work)])
  }
  try {
    await beside(engine.expand(change, run))
    await beside(engine.undo(change, run))
    await beside(engine.expand(change, run))
    await beside(engine.backfill(change, run))
    await beside(engine.verify(change, run))
    news = [0, 1, 2].map((i) => keepWriting("new", 1_000 + i * 100, newsStop.signal))
    await delay(500)
    assert.equal((await engine.verify(change, run)).mismatches, 0)
    oldsStop.abort()
    const writtenByOlds = await Promise.all(olds)
    await engine.contract(change, { objections: [], lastReaderStoppedAt: undefined }, run)
    await delay(200)
    newsStop.abort()
    const writtenByNews = await Promise.all(news)
    const reader = await AppVersion.start(shard.url, "new")
    const found = await reader.read(0, 10_000)
    await reader.stop()
    const written = [...writtenByOlds, ...writtenByNews].flatMap((map) => [...map])
    assert.ok(written.length > 0)
    assert.deepEqual(sorted(found), sorted(new Map(written)))
  } finally {
    oldsStop.abort()
    newsStop.abort()
    await Promise.allSettled([...olds, ...news])
  }
})

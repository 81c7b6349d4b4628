// What every service stands on, on real servers: shops apart, one execution for each key, events once and in order.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import type { Service } from "../src/app.ts"
import { resourceIn } from "../src/document.ts"
import { title } from "../src/input.ts"
import { PooledDatabase } from "../src/database.ts"
import { newId } from "../src/id.ts"
import { list, pageQuery, where } from "../src/listing.ts"
import { noContent, ok, readOperation, writeOperation } from "../src/operation.ts"
import { invalid } from "../src/refusal.ts"
import { pruneShard } from "../src/prune.ts"
import { management } from "../src/role.ts"
import { shops, startPlatform } from "./platform.ts"
import type { Platform } from "./platform.ts"

/** Notes, kept where resources of other services would be: a table that every service has. */
const notes: Service = {
  name: "gateway",
  reliesOn: { "gateway.known_resource": ["id", "attributes"] },
  clientFacts: async () => ({}),
  operations: () => [
    writeOperation({
      id: "writeNote",
      method: "POST",
      path: "/v1/notes",
      tag: "Notes",
      summary: "Write a note",
      access: management,
      body: resourceIn("notes", z.object({ title: title(200) }), z.object({}).optional()),
      answers: { 201: null },
      refuses: [400, 422],
      async handle({ tx, body, now }) {
        const id = body.id ?? newId()
        await tx.query(
          `INSERT INTO gateway.known_resource (shop_id, type, id, revision, deleted, attributes) VALUES ($1, 'notes', $2, $3, false, $4)`,
          [tx.shop, id, await tx.revision(), JSON.stringify(body.attributes)],
        )
        tx.emit({ type: "note.written", subject: id, occurredAt: now, data: { title: body.attributes.title } })
        if (body.attributes.title === "refuse") throw invalid("refused after the write", { pointer: "/data" })
        return { status: 201, body: { data: { type: "notes", id, attributes: body.attributes } } }
      },
    }),
    readOperation({
      id: "listNotes",
      method: "GET",
      path: "/v1/notes",
      tag: "Notes",
      summary: "List notes",
      access: management,
      query: z.object({ ...pageQuery, search: z.string().optional() }),
      answers: { 200: null },
      refuses: [],
      async handle({ shop, query }) {
        const { rows, meta, after } = await list(shop, {
          from: "gateway.known_resource",
          columns: "id, attributes",
          conditions: [where("type = ?", "notes"), where("attributes ->> 'title' = ?", query.search)],
          order: { columns: [{ name: "id", type: "text" }], direction: "ASC" },
          query,
        })
        return ok({ data: rows.map(({ id, attributes }) => ({ type: "notes", id, attributes })), meta, links: { next: after } })
      },
    }),
    writeOperation({
      id: "forgetNotes",
      method: "DELETE",
      path: "/v1/notes",
      tag: "Notes",
      summary: "Forget all notes",
      access: ["owner"],
      answers: { 204: null },
      refuses: [],
      async handle({ tx }) {
        await tx.query("DELETE FROM gateway.known_resource")
        return noContent
      },
    }),
  ],
}

const heard: string[] = []
let alsoHeard = 0
let rivalries = 0
/** Hears of notes; fails once at the one that says so. */
const listener: Service = {
  name: "reports",
  reliesOn: {},
  clientFacts: async () => ({}),
  operations: () => [],
  consumes: () => [
    {
      from: "gateway",
      on: {
        "note.written": async (tx, event) => {
          const { title } = z.object({ title: z.string() }).parse(event.data)
          await tx.query(
            `INSERT INTO reports.known_resource (shop_id, type, id, revision, deleted, attributes) VALUES ($1, 'notes', $2, 1, false, $3)`,
            [tx.shop, event.subject, JSON.stringify({ title })],
          )
          if (title === "rival" && rivalries-- > 0)
            await tx.query("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = 'deadlock_detected'; END $$")
          if (title === "poison") throw new Error("this one cannot be applied")
          heard.push(title)
        },
      },
    },
    { from: "gateway", on: { "note.written": async () => void alsoHeard++ } },
  ],
}

let platform: Platform
before(async () => {
  platform = await startPlatform()
  await platform.start(notes)
})
after(() => platform[Symbol.asyncDispose]())

const note = (text: string, id?: string) => ({ data: { type: "notes", ...(id === undefined ? {} : { id }), attributes: { title: text } } })
const write = (text: string, headers: Record<string, string> = {}, token?: string) =>
  platform.ask({
    service: "gateway",
    method: "POST",
    path: "/api/v1/notes",
    body: note(text),
    headers,
    ...(token === undefined ? {} : { token }),
  })
const listed = async (shop: number, more = "") =>
  (await platform.ask({ service: "gateway", path: `/api/v1/notes?page[size]=200${more}`, token: await platform.token({ shop }) })).body

test("a shop sees and forgets its own rows alone, on the same shard and on another", async () => {
  for (const shop of Object.values(shops)) assert.equal((await write(`of ${shop}`, {}, await platform.token({ shop }))).status, 201)
  const { data } = await listed(shops.neighbour)
  assert.deepEqual(
    data.map((each: { attributes: { title: string } }) => each.attributes.title),
    [`of ${shops.neighbour}`],
  )
  await platform.ask({
    service: "gateway",
    method: "DELETE",
    path: "/api/v1/notes",
    token: await platform.token({ shop: shops.neighbour }),
  })
  assert.equal((await listed(shops.neighbour)).meta.total, 0)
  assert.equal((await listed(shops.rose)).meta.total, 1)
  assert.equal((await listed(shops.faraway)).meta.total, 1)
})

test("twenty of the same request with one key at the same time are one write and one answer", async () => {
  const before = (await listed(shops.rose)).meta.total
  const answers = await Promise.all(Array.from({ length: 20 }, () => write("once", { "idempotency-key": "k1" })))
  assert.equal(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size, 1)
  assert.equal(answers[0]?.status, 201)
  assert.equal((await listed(shops.rose)).meta.total, before + 1)
  const other = await write("another", { "idempotency-key": "k1" })
  assert.equal(other.status, 422)
  assert.equal(other.body.errors[0].code, "idempotency-key-reused")
})

test("what is refused leaves nothing behind: no row, no event, no used key", async () => {
  const before = (await listed(shops.rose)).meta.total
  const refused = await write("refuse", { "idempotency-key": "k2" })
  assert.equal(refused.status, 422)
  assert.equal((await listed(shops.rose)).meta.total, before)
  assert.equal((await write("fine", { "idempotency-key": "k2" })).status, 201)
  const { rows } = await platform.shard.query("SELECT count(*)::int AS n FROM gateway.outbox WHERE data ->> 'title' = 'refuse'")
  assert.equal(rows[0].n, 0)
})

test("who is not signed in, too late, forged or not allowed is told so", async () => {
  const ask = (token: string | null) => platform.ask({ service: "gateway", path: "/api/v1/notes", token })
  assert.equal((await ask(null)).status, 401)
  assert.equal((await ask("x.y.z")).status, 401)
  const own = await platform.token()
  assert.equal((await ask(`${own.slice(0, -2)}AA`)).status, 401)
  assert.equal((await ask(await platform.token({ role: "courier" }))).status, 403)
  assert.equal((await ask(own)).status, 200)
})

test("wrong input is told with JSON:API pointers, in the status that the operation documents", async () => {
  const refused = await platform.ask({
    service: "gateway",
    method: "POST",
    path: "/api/v1/notes",
    body: { data: { attributes: { title: "a\u0000" } } },
  })
  assert.equal(refused.status, 422)
  assert.deepEqual(refused.body.errors[0].source, { pointer: "/data/attributes/title" })
  assert.equal(refused.body.errors[0].status, "422")
  const malformed = await platform.ask({ service: "gateway", method: "POST", path: "/api/v1/notes", body: "{" })
  assert.equal(malformed.status, 400)
})

test("pages by number and by cursor show every row once", async () => {
  for (let n = 0; n < 7; n++) await write(`page ${n}`)
  const all = (await listed(shops.rose)).data.map(({ id }: { id: string }) => id)
  const seen: string[] = []
  let after: string | null = ""
  while (after !== null) {
    const answer: { data: { id: string }[]; links: { next: string | null } } = (
      await platform.ask({ service: "gateway", path: `/api/v1/notes?page[size]=3${after === "" ? "" : `&page[after]=${after}`}` })
    ).body
    seen.push(...answer.data.map(({ id }) => id))
    after = answer.links.next
  }
  assert.deepEqual(seen, all)
  assert.equal((await platform.ask({ service: "gateway", path: "/api/v1/notes?page[after]=x" })).status, 422)
})

test("events arrive once and in order, though a later one commits first; one that cannot be applied holds nobody up", async () => {
  await platform.start(listener)
  await platform.settle()
  heard.length = 0
  // A transaction that takes its number early and commits late.
  const slow = await platform.shard.connect()
  await slow.query("BEGIN")
  await slow.query(
    `INSERT INTO gateway.outbox (shop_id, id, type, subject, occurred_at, data) VALUES ($1, $2::uuid, 'note.written', $2::text, now(), '{"title":"slow"}')`,
    [shops.rose, newId()],
  )
  await write("quick")
  await sleep(600)
  assert.deepEqual(heard, [], "nothing may be read past a transaction that is still open")
  await slow.query("COMMIT")
  slow.release()
  await write("poison")
  await write("last")
  await platform.settle()
  assert.deepEqual(heard, ["slow", "quick", "last"])
  assert.ok(alsoHeard >= 3, "whoever else follows the same service hears the same")
  const { rows } = await platform.shard.query("SELECT reason, tries FROM reports.stuck_event")
  assert.deepEqual(rows, [{ reason: "this one cannot be applied", tries: 1 }])
  await platform.stop("reports")
})

test("an event that lost against another transaction is applied with its batch again, not put aside", async () => {
  rivalries = 1
  heard.length = 0
  await write("rival")
  await platform.start(listener)
  await platform.settle()
  assert.deepEqual(heard, ["rival"])
  const { rows } = await platform.shard.query("SELECT reason FROM reports.stuck_event WHERE reason LIKE '%lost%'")
  assert.deepEqual(rows, [])
  await platform.stop("reports")
})

test("a role of one service can touch no other service's tables, and without a shop no rows at all", async () => {
  const { default: pg } = await import("pg")
  const url = new URL(platform.postgres.url("s1"))
  url.username = "florist_reports"
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  await assert.rejects(client.query("SELECT * FROM reports.known_resource"), /florist\.shop/)
  await client.query(`SET florist.shop = '${shops.neighbour}'`)
  await assert.rejects(client.query("SELECT * FROM gateway.known_resource"), /permission denied/)
  const { rows } = await client.query("SELECT DISTINCT shop_id FROM reports.known_resource")
  assert.deepEqual(
    rows.map(({ shop_id }) => Number(shop_id)).filter((id) => id !== shops.neighbour),
    [],
  )
  await assert.rejects(
    client.query(`INSERT INTO reports.revision (shop_id, value) VALUES (${shops.rose}, 1)`),
    /row-level security/,
    "nor write another shop's",
  )
  await client.end()
})

test("old events and answers go in small bites, young ones stay, and a service cannot reach another one's answers", async () => {
  await write("young", { "idempotency-key": "young" })
  const count = async () => {
    const { rows } = await platform.shard.query(
      "SELECT (SELECT count(*)::int FROM gateway.outbox) AS events, (SELECT count(*)::int FROM gateway.idempotency) AS answers",
    )
    return rows[0] as { events: number; answers: number }
  }
  const database = new PooledDatabase({ name: "s1", url: platform.postgres.url("s1").replace(/\/\/[^@]+@/, "//florist_gateway@"), size: 1 })
  const before = await count()
  await pruneShard("gateway", database, new AbortController().signal)
  assert.deepEqual(await count(), before)
  await platform.shard.query("UPDATE gateway.outbox SET created_at = now() - interval '15 days' WHERE data ->> 'title' <> 'young'")
  await platform.shard.query("UPDATE gateway.idempotency SET created_at = now() - interval '31 days' WHERE key <> 'young'")
  await pruneShard("gateway", database, new AbortController().signal)
  assert.deepEqual(await count(), { events: 1, answers: 1 })
  await assert.rejects(
    database.query("SELECT FROM florist.forget_answers('orders', interval '1 day', 1)"),
    /may not touch the answers of orders/,
  )
  await database.close()
})

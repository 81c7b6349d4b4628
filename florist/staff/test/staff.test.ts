// Stores, workers, positions and timecards, on real servers.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { newId } from "@florist/kit/id"
import { fuzz } from "@florist/published/fuzz"
import fc from "fast-check"
import { shops } from "../../kit/test/platform.ts"
import { openGround, password, signIn, switchBody, textOf, workerBody } from "./ground.ts"
import type { Ground } from "./ground.ts"

let ground: Ground
let owner: string
before(async () => {
  ground = await openGround()
  owner = await ground.tokenOf("owner")
})
after(async () => {
  ground.client.exercised.keep("staff")
  await ground[Symbol.asyncDispose]()
})

interface Asking {
  params?: Record<string, string>
  query?: Record<string, string | number | boolean | readonly string[]>
  body?: unknown
  token?: string
  key?: string
}
const ask = (method: string, path: string, options: Asking = {}) => ground.client.call(method, path, { token: owner, ...options })
const idsOf = ({ many }: Awaited<ReturnType<typeof ask>>) => many.map(({ id }) => id)
const events = async (type: string) =>
  (
    await ground.platform.shard.query("SELECT data FROM staff.outbox WHERE type = $1 AND shop_id = $2 ORDER BY xid, position", [
      type,
      shops.rose,
    ])
  ).rows as { data: Record<string, unknown> }[]

const statusesOf = (answers: readonly { status: number }[]) => answers.map(({ status }) => status).toSorted((a, b) => a - b)

const storeBody = (id: string, attributes: object) => ({
  data: { type: "stores", id, attributes, relationships: { deliveryDiapasons: { data: [{ type: "delivery-diapason", id: 6 }] } } },
})

test("a store is opened once, found by every filter, changed, told of, and closed", async () => {
  const id = newId()
  const body = storeBody(id, { title: "Rose on Mira", addressCity: "Tver", externalLinkId: "mira" })
  const answers = [await ask("POST", "/v1/stores", { body }), await ask("POST", "/v1/stores", { body })]
  for (const { status, one } of answers)
    assert.deepEqual([status, one.id, one.relationships.warehouse?.data], [201, id, { type: "warehouses", id: "2" }])
  assert.equal((await ask("POST", "/v1/stores", { body: storeBody(id, { title: "Other" }) })).status, 409)
  assert.equal((await ask("POST", "/v1/stores", { body: storeBody(newId(), { title: "Twin", externalLinkId: "mira" }) })).status, 409)
  for (const query of [{ search: "MIRA" }, { "filter[id]": [id] }, { externalLinkId: "mira" }]) {
    assert.deepEqual(idsOf(await ask("GET", "/v1/stores", { query })), [id])
  }
  const some = await ground.tokenOf("manager", [id])
  assert.deepEqual(idsOf(await ask("GET", "/v1/stores", { token: some })), [id])
  assert.equal((await ask("GET", "/v1/stores", { token: some, query: { loadAll: true } })).many.length, 2)
  const { meta } = await ask("GET", "/v1/stores")
  const change = (attributes: object, token = owner) =>
    ask("PATCH", "/v1/stores/{id}", { params: { id }, body: { data: { type: "stores", id, attributes } }, token })
  assert.equal((await change({ title: "Mira" }, await ground.tokenOf("manager", [newId()]))).status, 403)
  assert.equal((await change({ title: "Mira", revision: 0 })).status, 409)
  assert.equal((await change({ title: "Mira" })).one.attributes.title, "Mira")
  assert.deepEqual(idsOf(await ask("GET", "/v1/stores", { query: { "filter[revision]": Number(meta.revision) } })), [id])
  assert.equal((await change({ status: "deleted" })).status, 200)
  assert.equal((await ask("GET", "/v1/stores")).many.length, 1)
  assert.equal((await ask("GET", "/v1/stores/{id}", { params: { id } })).one.attributes.deleted, true)
  assert.equal((await ask("GET", "/v1/stores/{id}", { params: { id: newId() } })).status, 404)
  const told = (await events("resource.changed")).filter(({ data }) => data.id === id)
  assert.deepEqual(
    told.map(({ data }) => data.deleted),
    [false, false, true],
  )
})

test("a worker is taken on once, found by every filter, changed, switched off, dismissed and taken back", async () => {
  const position = newId()
  const positionBody = { data: { type: "positions", id: position, attributes: { title: "Florist" } } }
  for (const _ of [1, 2]) assert.equal((await ask("POST", "/v1/positions", { body: positionBody })).status, 201)
  assert.equal((await ask("PATCH", "/v1/positions/{id}", { params: { id: position }, body: positionBody })).status, 200)
  assert.equal((await ask("PATCH", "/v1/positions/{id}", { params: { id: newId() }, body: positionBody })).status, 404)
  assert.deepEqual(idsOf(await ask("GET", "/v1/positions")), [position])
  const [id, user] = [newId(), newId()]
  const body = workerBody({ id, first: "Dmitri", stores: [ground.rose.store], user: { id: user, login: "dmitri", role: "4" } })
  const { revision } = (await ask("GET", "/v1/workers")).meta
  for (const _ of [1, 2]) {
    const { status, one } = await ask("POST", "/v1/workers", { body })
    assert.deepEqual([status, one.id, one.attributes.salary, one.attributes.validPhone], [201, id, 30000.5, true])
  }
  assert.equal((await ask("POST", "/v1/workers", { body: workerBody({ id, first: "Other" }) })).status, 409)
  const found = [{ search: "dmit" }, { search: "petrov dm" }, { "filter[stores]": [ground.rose.store] }, { "filter[users]": [user] }]
  for (const query of [...found, { revision: Number(revision) }]) assert.deepEqual(idsOf(await ask("GET", "/v1/workers", { query })), [id])
  const listed = await ask("GET", "/v1/workers", { query: { include: "user,user.roles" } })
  assert.ok(listed.included.some(({ type, attributes }) => type === "users" && attributes.login === "dmitri"))

  const change = (attributes: object, relationships: object = {}) =>
    ask("PATCH", "/v1/worker/{id}", { params: { id }, body: { data: { type: "workers", id, attributes, relationships } } })
  assert.equal((await change({ email: "d@example.org" }, { position: { data: { type: "positions", id: position } } })).status, 200)
  assert.equal((await change({ revision: 0 })).status, 409)
  assert.equal((await change({}, { stores: { data: [{ type: "stores", id: newId() }] } })).status, 422)
  assert.equal((await change({}, { position: { data: { type: "positions", id: newId() } } })).status, 422)
  const seen = await ask("GET", "/v1/worker/{id}", { params: { id }, token: await ground.tokenOf("florist") })
  assert.deepEqual(
    [seen.one.attributes.email, seen.one.attributes.salary, seen.one.relationships.position?.data],
    ["d@example.org", null, { type: "positions", id: position }],
  )

  assert.equal((await ask("PATCH", "/v1/workers", { body: switchBody(id, "off") })).status, 200)
  assert.ok(!idsOf(await ask("GET", "/v1/workers", { query: { activeOnly: true } })).includes(id))
  assert.ok(idsOf(await ask("GET", "/v1/workers")).includes(id))
  assert.equal((await ask("DELETE", "/v1/workers", { body: { data: [{ type: "workers", id }] } })).status, 200)
  assert.ok(!idsOf(await ask("GET", "/v1/workers")).includes(id))
  assert.deepEqual(idsOf(await ask("GET", "/v1/workers", { query: { dismissed: true } })), [id])
  assert.deepEqual(idsOf(await ask("GET", "/v1/workers", { query: { revision: Number(revision) } })), [id])
  assert.equal((await ask("PATCH", "/v1/workers", { body: switchBody(id, "on") })).status, 200)
  assert.ok(idsOf(await ask("GET", "/v1/workers", { query: { activeOnly: true } })).includes(id))
  for (const answer of [
    await ask("PATCH", "/v1/workers", { body: switchBody(newId(), "off") }),
    await ask("DELETE", "/v1/workers", { body: { data: [{ type: "workers", id: newId() }] } }),
    await ask("GET", "/v1/worker/{id}", { params: { id: newId() } }),
  ])
    assert.equal(answer.status, 404)
  assert.equal((await ask("GET", "/v1/roles")).many.length, 5)
})

test("a user name that was claimed for nothing, or given up, can be had by another shop", async () => {
  const other = await ground.platform.token({ shop: shops.neighbour, worker: ground.neighbour.owner })
  const taking = (login: string, token: string, stores: readonly string[] = []) =>
    ask("POST", "/v1/workers", { body: workerBody({ stores, user: { login } }), token })
  assert.equal((await taking("wanted", owner, [newId()])).status, 422)
  const taken = await taking("wanted", other)
  assert.equal(taken.status, 201)
  assert.equal((await taking("wanted", owner)).status, 409)
  const renamed = await ask("PATCH", "/v1/worker/{id}", {
    params: { id: taken.one.id },
    body: { data: { type: "workers", relationships: { user: { data: { type: "users", attributes: { login: "renamed" } } } } } },
    token: other,
  })
  assert.equal(renamed.status, 200)
  assert.equal((await taking("wanted", owner)).status, 201)
  assert.equal((await ask("POST", "/v1/sessions", { body: signIn("renamed", password) })).one.attributes.saasCustomerId, shops.neighbour)
})

test("many shops and workers that want one user name at once: one gets it, and signs in with it", async () => {
  const other = await ground.platform.token({ shop: shops.neighbour, worker: ground.neighbour.owner })
  const answers = await Promise.all(
    [owner, other, owner, other, owner].map((token) =>
      ask("POST", "/v1/workers", { body: workerBody({ user: { login: "popular" } }), token }),
    ),
  )
  assert.deepEqual(statusesOf(answers), [201, 409, 409, 409, 409])
  assert.equal((await ask("POST", "/v1/sessions", { body: signIn("popular") })).status, 200)
})

test("managers make no owners and change none; the last owner stays, also where two would go at once", async () => {
  const manager = await ground.tokenOf("manager")
  const make = (token: string) =>
    ask("POST", "/v1/workers", { body: workerBody({ user: { login: `owner-${newId()}`, role: "1" } }), token })
  assert.equal((await make(manager)).status, 403)
  const second = await make(owner)
  assert.equal((await ask("PATCH", "/v1/workers", { body: switchBody(second.one.id, "off"), token: manager })).status, 403)
  const gone = await Promise.all(
    [second.one.id, ground.rose.owner].map((id) => ask("PATCH", "/v1/workers", { body: switchBody(id, "off") })),
  )
  assert.deepEqual(statusesOf(gone), [200, 409])
  const [left] = gone.find(({ status }) => status === 200)?.many ?? []
  assert.equal((await ask("PATCH", "/v1/workers", { body: switchBody(left?.id ?? "", "on") })).status, 200)
  assert.equal((await ask("POST", "/v1/workers", { body: workerBody(), token: await ground.tokenOf("florist") })).status, 403)
  const some = await ground.tokenOf("manager", [ground.rose.store])
  assert.equal((await ask("POST", "/v1/workers", { body: workerBody(), token: some })).status, 403)
  assert.equal((await ask("POST", "/v1/workers", { body: workerBody({ stores: [ground.rose.store] }), token: some })).status, 201)
})

const at = (minute: number) => new Date(Date.UTC(2026, 2, 8, 6) + minute * 60_000).toISOString()
const cardBody = ({
  id = newId(),
  worker,
  start,
  end,
  store = ground.rose.store,
}: {
  id?: string
  worker?: string
  start?: string
  end?: string | null
  store?: string
}) => ({
  data: {
    type: "timecards",
    id,
    attributes: { ...(start === undefined ? {} : { startedAt: start }), ...(end === undefined ? {} : { endedAt: end }) },
    relationships: {
      ...(worker === undefined ? {} : { worker: { data: { type: "workers", id: worker } } }),
      store: { data: { type: "stores", id: store } },
    },
  },
})
const newWorker = async () => (await ask("POST", "/v1/workers", { body: workerBody({ stores: [ground.rose.store] }) })).one.id
const startCard = (card: Parameters<typeof cardBody>[0], token = owner) => ask("POST", "/v1/timecards", { body: cardBody(card), token })
const endCard = (id: string, endedAt: string | undefined, token = owner) =>
  ask("POST", "/v1/timecards/{id}/end", { params: { id }, body: { data: { attributes: endedAt === undefined ? {} : { endedAt } } }, token })

test("a worker starts and ends work, once; a stay that is told of later counts by its own times", async () => {
  const worker = await newWorker()
  const token = await ground.platform.token({ role: "florist", worker })
  const id = newId()
  for (const _ of [1, 2]) assert.equal((await startCard({ id, start: at(0) }, token)).status, 201)
  assert.equal((await startCard({ id, start: at(1) }, token)).status, 409)
  assert.equal((await startCard({ start: at(10) }, token)).status, 409)
  assert.deepEqual(idsOf(await ask("GET", "/v1/timecards", { query: { "filter[open]": true, "filter[workers]": [worker] } })), [id])
  assert.equal((await endCard(id, at(-1), token)).status, 422)
  for (const _ of [1, 2]) assert.equal((await endCard(id, at(61), token)).one.attributes.minutes, 61)
  assert.equal((await endCard(id, undefined, token)).status, 200)
  assert.equal((await endCard(id, at(62), token)).status, 409)
  assert.equal((await startCard({ start: at(-120), end: at(0) }, token)).status, 201)
  assert.equal((await startCard({ start: at(-10), end: at(10) }, token)).status, 409)
  assert.equal((await startCard({ start: "2090-01-01T00:00:00Z" }, token)).status, 422)
  const hours = await ask("GET", "/v1/timecard-hours", { query: { "filter[from]": at(-60), "filter[to]": at(30) }, token })
  assert.deepEqual([hours.meta.minutes, hours.many[0]?.attributes], [90, { minutes: 90, stays: 2 }])
  const told = (await events("staff.timecard-closed")).filter(({ data }) => data.workerId === worker)
  assert.deepEqual(new Set(told.map(({ data }) => data.minutes)), new Set([61, 120]))
})

test("a correction keeps what was there before; colleagues neither correct nor see another's cards", async () => {
  const [worker, colleague] = [await newWorker(), await newWorker()]
  const { id } = (await startCard({ worker, start: at(0), end: at(60) })).one
  const correct = (attributes: object, token = owner) =>
    ask("PATCH", "/v1/timecards/{id}", { params: { id }, body: { data: { type: "timecards", attributes } }, token })
  assert.equal((await correct({ endedAt: at(90) })).status, 422, "a reason is wanted")
  assert.equal((await correct({ endedAt: at(90), reason: "forgot", revision: 0 })).status, 409)
  const corrected = await correct({ endedAt: at(90), reason: "forgot to end it" })
  assert.equal(corrected.one.attributes.minutes, 90)
  const seen = await ask("GET", "/v1/timecards/{id}", { params: { id } })
  assert.deepEqual(
    seen.included.map(({ attributes }) => [attributes.reason, attributes.oldEndedAt, attributes.oldStartedAt]),
    [["forgot to end it", at(60).replace(".000Z", "+00:00"), at(0).replace(".000Z", "+00:00")]],
  )
  const token = await ground.platform.token({ role: "florist", worker: colleague })
  assert.equal((await correct({ endedAt: at(91), reason: "no" }, token)).status, 403)
  assert.equal((await ask("GET", "/v1/timecards/{id}", { params: { id }, token })).status, 404)
  assert.equal((await endCard(id, at(90), token)).status, 404)
  assert.equal((await startCard({ worker, start: at(100) }, token)).status, 403)
  assert.equal((await ask("GET", "/v1/timecards", { token })).many.length, 0)
  const elsewhere = await ground.tokenOf("manager", [newId()])
  assert.equal((await correct({ endedAt: at(91), reason: "no" }, elsewhere)).status, 403)
  assert.equal((await ask("GET", "/v1/timecards", { token: elsewhere })).many.length, 0)
})

test("whatever stays are told of at once, a worker was never at two places at a time, and what was taken is what is kept", async () => {
  const minute = fc.integer({ min: 0, max: 40 })
  const stay = fc.record({ start: minute, length: fc.option(fc.integer({ min: 1, max: 20 })) })
  await fc.assert(
    fc.asyncProperty(fc.array(stay, { minLength: 2, maxLength: 8 }), async (stays) => {
      const worker = await newWorker()
      const answers = await Promise.all(
        stays.map(({ start, length }) => startCard({ worker, start: at(start), ...(length === null ? {} : { end: at(start + length) }) })),
      )
      const kept = (await ask("GET", "/v1/timecards", { query: { "filter[workers]": [worker] } })).many
      assert.equal(answers.filter(({ status }) => status === 201).length, kept.length)
      assert.ok(answers.every(({ status }) => status === 201 || status === 409))
      const periods = kept
        .map(
          ({ attributes }) =>
            [
              Date.parse(textOf(attributes.startedAt)),
              attributes.endedAt === null ? Infinity : Date.parse(textOf(attributes.endedAt)),
            ] as const,
        )
        .toSorted(([a], [b]) => a - b)
      for (const [n, [start]] of periods.entries()) assert.ok(n === 0 || start >= (periods[n - 1]?.[1] ?? 0))
    }),
    { numRuns: 20 },
  )
})

test("work is planned once, never at two places at a time, replanned and taken out; the schedule of a period shows what touches it", async () => {
  const worker = await newWorker()
  const body = (from: number, to: number, id = newId(), store = ground.rose.store) => ({
    data: {
      type: "schedule-entries",
      id,
      attributes: { startsAt: at(from), endsAt: at(to) },
      relationships: { worker: { data: { type: "workers", id: worker } }, store: { data: { type: "stores", id: store } } },
    },
  })
  const plan = (given: object, token = owner) => ask("POST", "/v1/schedule", { body: given, token })
  const morning = body(0, 240)
  for (const _ of [1, 2]) assert.equal((await plan(morning)).status, 201)
  assert.equal((await plan(body(0, 200, morning.data.id))).status, 409)
  const rivals = await Promise.all([0, 1, 2, 3].map((n) => plan(body(240 + n, 480))))
  assert.deepEqual(statusesOf(rivals), [201, 409, 409, 409])
  assert.equal((await plan(body(600, 600))).status, 422)
  assert.equal((await plan(body(600, 3_000))).status, 422)
  assert.equal((await plan(body(600, 700, newId(), newId()))).status, 422)
  assert.equal((await plan(body(600, 700), await ground.tokenOf("florist"))).status, 403)
  assert.equal((await plan(body(600, 700), await ground.tokenOf("manager", [newId()]))).status, 403)
  const period = { "filter[workers]": [worker], "filter[stores]": [ground.rose.store], "filter[from]": at(239), "filter[to]": at(240) }
  assert.deepEqual(idsOf(await ask("GET", "/v1/schedule", { query: period })), [morning.data.id])
  const entry = { params: { id: morning.data.id } }
  const replan = (attributes: object) =>
    ask("PATCH", "/v1/schedule/{id}", { ...entry, body: { data: { type: "schedule-entries", attributes } } })
  assert.equal((await replan({ endsAt: at(300) })).status, 409)
  assert.equal((await replan({ endsAt: at(230), revision: 0 })).status, 409)
  assert.equal((await replan({ endsAt: at(230) })).one.attributes.endsAt, at(230).replace(".000Z", "+00:00"))
  const token = await ground.platform.token({ shop: shops.neighbour, worker: ground.neighbour.owner })
  assert.equal((await ask("DELETE", "/v1/schedule/{id}", { ...entry, token })).status, 404)
  assert.equal((await ask("DELETE", "/v1/schedule/{id}", entry)).status, 204)
  assert.equal((await ask("GET", "/v1/schedule", { query: { "filter[workers]": [worker] } })).many.length, 1)
})

test("another shop's workers, stores and timecards are neither seen nor changed", async () => {
  const worker = await newWorker()
  const card = (await startCard({ worker, start: at(0), end: at(60) })).one.id
  const before = await fingerprint()
  const token = await ground.platform.token({ shop: shops.neighbour, worker: ground.neighbour.owner })
  const attacks = [
    await ask("GET", "/v1/worker/{id}", { params: { id: worker }, token }),
    await ask("PATCH", "/v1/worker/{id}", {
      params: { id: worker },
      body: { data: { type: "workers", attributes: { lastName: "X" } } },
      token,
    }),
    await ask("PATCH", "/v1/workers", { body: switchBody(worker, "off"), token }),
    await ask("DELETE", "/v1/workers", { body: { data: [{ type: "workers", id: worker }] }, token }),
    await ask("GET", "/v1/stores/{id}", { params: { id: ground.rose.store }, token }),
    await ask("PATCH", "/v1/stores/{id}", {
      params: { id: ground.rose.store },
      body: { data: { type: "stores", attributes: { title: "X" } } },
      token,
    }),
    await ask("GET", "/v1/timecards/{id}", { params: { id: card }, token }),
    await endCard(card, undefined, token),
    await startCard({ worker, start: at(100) }, token),
  ]
  assert.deepEqual(new Set(attacks.map(({ status }) => status)), new Set([404]))
  assert.deepEqual(idsOf(await ask("GET", "/v1/workers", { token, query: { "filter[stores]": [ground.rose.store] } })), [])
  assert.equal(await fingerprint(), before)
})

async function fingerprint(): Promise<string> {
  const tables = ["store", "position", "worker", "worker_store", "account", "timecard", "timecard_correction", "schedule_entry", "outbox"]
  const sums = tables.map((table) => `(SELECT count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM staff.${table} t)`)
  const { rows } = await ground.platform.shard.query(`SELECT concat_ws(' ', ${sums.join(", ")}) AS sum`)
  return String(rows[0]?.sum)
}

test("right, broken and senseless requests are refused or done, never half", async () => {
  const worker = await newWorker()
  const card = (await startCard({ worker, start: at(0), end: at(60) })).one.id
  await fuzz({
    client: ground.client,
    operations: ground.operations,
    numRuns: 12,
    seed: 8,
    token: owner,
    known: { stores: [ground.rose.store], workers: [worker] },
    params: (path) => ({ id: path.includes("timecard") ? card : path.includes("store") ? ground.rose.store : worker }),
    fingerprint,
  })
})

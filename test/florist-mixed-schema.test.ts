// Florist's payments while their schema changes, by the real engine on a real server: the version that knows one payment for a sale and the version that knows many run side
// by side as processes, as roles that row-level security holds for. Each reads what the other wrote, and nothing is lost on the way to contract.
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { after, before, test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import { signCallback } from "@florist/bank/callback"
import { newId } from "@florist/kit/id"
import { Tokens } from "@florist/kit/session"
import fc from "fast-check"
import pg from "pg"
import { layOut } from "../demo/src/history.ts"
import type { HistoryVersion } from "../demo/src/history.ts"
import { merchantOf } from "../florist/payments/src/merchant.ts"
import { methodId } from "../florist/payments/src/payment-method.ts"
import type { Change } from "../packages/conveyor/src/change/change.ts"
import type { ChangeEngine } from "../packages/conveyor/src/change/engine.ts"
import { loadChanges } from "../packages/conveyor/src/change/files/load-changes.ts"
import { engineFor, testRun } from "../packages/conveyor/src/change/test/testing.ts"

const root = join(import.meta.dirname, "..")
const secret = "a secret of the mixed schema, of forty letters"
const shop = 17
const store = newId()
const run = testRun()

let server: PostgresServer
let owner: pg.Pool
let engine: ChangeEngine
let rows: Change
let v1: Copy
let v2: Copy
let token: string

before(async () => {
  server = await startPostgres({ databases: ["directory", "s1"] })
  await prepareDirectory()
  owner = new pg.Pool({ connectionString: server.url("s1"), max: 2 })
  owner.on("error", () => {})
  engine = engineFor([{ name: "s1", url: server.url("s1") }], {
    batch: { firstRows: 20 },
    contract: { readers: "trust-release", softDropMs: 1 },
  })
  token = await new Tokens(secret).issue({ shop, worker: newId(), role: "owner" }, { now: new Date(), livesFor: 3_600 })
  for (const change of await loadChanges(join(root, "florist/changes"))) {
    if (change.name.startsWith("0010")) rows = change
    else if (change.name < "0010") await release(change)
  }
  assert.ok(rows, "there is the change that makes rows of payments")
  v1 = await startCopy("v1")
})
after(async () => {
  await Promise.allSettled([v1, v2].map((copy) => copy?.[Symbol.asyncDispose]()))
  await engine.close()
  await owner.end()
  await server.stop()
})

test("what old code wrote before the change, and while it runs, is in the rows after the backfill", async () => {
  const early = await Promise.all([1, 2, 3].map(async (n) => paid(v1, await newSale(100_000), { method: "cash", amount: 100 * n })))
  await refund(v1, early[0]?.id ?? "", 50)
  for (let n = 0; n < 60; n++) await newSale(100_000, n % 3 === 0 ? "none" : "paid")

  await engine.expand(rows, run)
  const during = await paid(v1, await newSale(100_000), { method: "card", amount: 700 })
  await refund(v1, during.id, 30)
  await mark(v1, early[1]?.id ?? "", "marked between expand and backfill")
  await engine.backfill(rows, run)
  assert.equal((await engine.verify(rows, run)).mismatches, 0)

  v2 = await startCopy("v2")
  for (const { id } of [...early, during]) await agreeOn(id)
  assert.equal((await amounts("SELECT refunded FROM payments.payment WHERE id = $1", during.id))[0], 3_000)
})

test("what new code writes old code reads, a QR payment and the first of several too", async () => {
  const split = await newSale(100_000)
  const first = await paid(v2, split, { method: "card", amount: 300 })
  const second = await paid(v2, split, { method: "cash", amount: 700 })
  await agreeOn(first.id)
  assert.equal((await get(v1, `/v1/payments/${second.id}`)).status, 404, "further lines are the new version's own")
  const refused = await pay(v1, split, { method: "cash", amount: 1 })
  assert.equal(refused.status, 422)
  assert.match(refused.body.errors[0].detail, /card already/, "the one method is named")

  const byQr = await newSale(50_000)
  const made = await post(v2, `/v1/orders/${byQr}/qr-payments`, { data: { type: "qr-payments", attributes: { kind: "emv" } } })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const confirmed = await post(v2, `/v1/qr-payments/${made.body.data.id}/confirm`)
  assert.equal(confirmed.body.data.attributes.status, "paid")
  await agreeOn(made.body.data.id)
  const listed = await get(v1, `/v1/payments?filter[order]=${byQr}`)
  assert.equal(listed.body.data[0].relationships.method.data.id, methodId(shop, "qr"))
  assert.match((await pay(v1, byQr, { method: "cash", amount: 1 })).body.errors[0].detail, /qr already|paid already/)
  const old = await post(v1, `/v1/orders/${await newSale(100)}/qr-payments`, { data: { type: "qr-payments", attributes: {} } })
  assert.equal(old.status, 422, "old code takes no QR")
})

test("the bank's word that reaches old code is not taken there, and nothing is lost: new code takes it", async () => {
  const sale = await newSale(50_000)
  const id = newId()
  await owner.query(
    `INSERT INTO payments.qr_payment (shop_id, id, sale_id, store_id, kind, amount, state, bank_qr_id, payload, expires_at, worker_id, created_at)
     VALUES ($1, $2, $3, $4, 'sbp', 50000, 'pending', 'AD1', 'https://qr.nspk.ru/AD1', now() + interval '1 hour', $4, now())`,
    [shop, id, sale, store],
  )
  const merchant = merchantOf(secret, shop)
  const said = JSON.stringify({
    transactionId: 42,
    qrId: "AD1",
    sbpMerchantId: merchant.id,
    amount: 500,
    currency: "RUB",
    transactionDate: new Date().toISOString(),
    paymentStatus: "SUCCESS",
    order: id,
  })
  const tell = async (copy: Copy) => {
    const headers = { "content-type": "application/json", "x-api-signature-sha256": signCallback(merchant.secretKey, said) }
    return (await fetch(`${copy.url}/api/v1/payments/bank-callbacks`, { method: "POST", headers, body: said })).status
  }
  assert.equal(await tell(v1), 503)
  assert.equal((await get(v2, `/v1/qr-payments/${id}`)).body.data.attributes.status, "pending")
  assert.equal(await tell(v2), 200)
  assert.equal((await get(v2, `/v1/qr-payments/${id}`)).body.data.attributes.status, "paid")
  await agreeOn(id)
})

test("after any writes of both, one after the other, both say the same of every payment", async () => {
  const sale = fc.nat(2)
  const by = fc.constantFrom<"v1" | "v2">("v1", "v2")
  const amount = fc.integer({ min: 1, max: 900 })
  const step = fc.oneof(
    fc.record({ what: fc.constant("pay" as const), by, sale, amount, method: fc.constantFrom<"cash" | "card">("cash", "card") }),
    fc.record({ what: fc.constant("refund" as const), by, sale, amount }),
    fc.record({ what: fc.constant("mark" as const), by, sale, amount }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
      const sales = await Promise.all([newSale(100_000), newSale(100_000), newSale(100_000)])
      const firsts = new Map<number, string>()
      for (const { what, by: version, sale: index, amount: roubles, ...more } of steps) {
        const copy = version === "v1" ? v1 : v2
        const first = firsts.get(index)
        if (what === "pay") {
          const method = "method" in more ? more.method : "cash"
          const answer = await pay(copy, sales[index] ?? "", { method, amount: roubles })
          assert.ok(answer.status === 200 || answer.status === 422, JSON.stringify(answer.body))
          if (answer.status === 200 && first === undefined) firsts.set(index, answer.body.data.id)
          if (version === "v1" && first !== undefined) assert.equal(answer.status, 422, "old code takes no second tender")
        } else if (first !== undefined) {
          const answer = await (what === "refund" ? refund(copy, first, roubles) : mark(copy, first, `marked ${roubles}`))
          assert.ok([200, 201, 422].includes(answer.status), JSON.stringify(answer.body))
        }
        for (const id of firsts.values()) await agreeOn(id)
      }
    }),
    { numRuns: 40 },
  )
  await agreeEverywhere()
})

test("both write the same sale at the same time: none fails, nothing is lost, the money adds up", async () => {
  for (let round = 0; round < 4; round++) {
    const sale = await newSale(100_000)
    const first = await paid(round % 2 === 0 ? v1 : v2, sale, { method: "card", amount: 600 })
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => {
        const copy = n % 2 === 0 ? v1 : v2
        if (n % 3 === 0) return pay(copy, sale, { method: "cash", amount: 1 })
        return n % 3 === 1 ? refund(copy, first.id, 100) : mark(copy, first.id, `by ${n}`)
      }),
    )
    for (const { status, body } of answers) assert.ok([200, 201, 422].includes(status), JSON.stringify(body))
    const refunds = answers.filter((_, n) => n % 3 === 1 && answers[n]?.status === 201).length
    assert.deepEqual(await amounts("SELECT refunded FROM payments.payment WHERE id = $1", first.id), [refunds * 10_000])
    await agreeOn(first.id)
  }
  await agreeEverywhere()
})

test("a returned order of several payments goes back wholly and once, whichever version sees to it first", async () => {
  const sales = await Promise.all([newSale(100_000), newSale(100_000)])
  for (const sale of sales) {
    await paid(v2, sale, { method: "card", amount: 300 })
    await paid(v2, sale, { method: "cash", amount: 700 })
    await owner.query("UPDATE payments.sale SET status = 'returned', returned_at = now() WHERE id = $1", [sale])
    await owner.query("INSERT INTO payments.agenda (shop_id, kind, id, due_at) VALUES ($1, 'order-return', $2, now())", [shop, sale])
  }
  const left = async () =>
    (await owner.query("SELECT FROM payments.agenda WHERE kind = 'order-return' AND id = ANY ($1)", [sales])).rowCount
  // A claim that was lost on its way, as by a deadlock of both versions, is taken up again after a minute.
  for (let tries = 0; tries < 900 && (await left()) !== 0; tries++) await delay(100)
  const { rows: undone } = await owner.query(
    "SELECT id, tries, due_at, reason FROM payments.agenda WHERE kind IN ('order-return', 'refund') AND shop_id = $1",
    [shop],
  )
  assert.deepEqual(undone, [], "nothing is left to do")
  for (const sale of sales) {
    const { rows: back } = await owner.query("SELECT method, amount::int FROM payments.refund WHERE sale_id = $1 ORDER BY method", [sale])
    assert.deepEqual(back, [
      { method: "card", amount: 30_000 },
      { method: "cash", amount: 70_000 },
    ])
  }
  await agreeEverywhere()
})

test("once old code has gone, contract takes its columns, and new code goes on", async () => {
  await v1[Symbol.asyncDispose]()
  const sale = await newSale(100_000)
  const first = await paid(v2, sale, { method: "cash", amount: 100 })
  await engine.contract(rows, { objections: [], lastReaderStoppedAt: undefined }, run)
  assert.equal((await refund(v2, first.id, 40)).status, 201)
  await paid(v2, sale, { method: "card", amount: 900 })
  assert.equal((await get(v2, `/v1/payments/${first.id}`)).body.data.attributes.refundedAmount, 40)
  const left = await owner.query(
    "SELECT FROM information_schema.columns WHERE table_schema = 'payments' AND table_name = 'sale' AND column_name LIKE '%paid%'",
  )
  assert.equal(left.rowCount, 0)
})

async function release(change: Change): Promise<void> {
  await engine.expand(change, run)
  await engine.backfill(change, run)
  await engine.verify(change, run)
}

async function prepareDirectory(): Promise<void> {
  const client = new pg.Client({ connectionString: server.url("directory") })
  await client.connect()
  await client.query(await readFile(join(root, "florist/roles.sql"), "utf8"))
  await client.query(await readFile(join(root, "florist/directory.sql"), "utf8"))
  await client.query("INSERT INTO directory.shard VALUES ('s1', $1)", [server.url("s1")])
  await client.query("INSERT INTO directory.shop VALUES ($1, 's1', 'Rose', 'Tver')", [shop])
  await client.end()
}

interface Copy extends AsyncDisposable {
  version: HistoryVersion
  url: string
}

async function startCopy(version: HistoryVersion): Promise<Copy> {
  const folder = await mkdtemp(join(tmpdir(), `florist-${version}-`))
  await layOut(version, folder)
  await symlink(join(root, "node_modules"), join(folder, "node_modules"))
  const child = spawn(process.execPath, ["payments/src/main.ts"], {
    cwd: folder,
    env: { PATH: process.env.PATH, FLORIST_DIRECTORY_URL: server.url("directory"), FLORIST_SECRET: secret, CONVEYOR_VERSION: version },
    stdio: ["ignore", "pipe", "inherit"],
  })
  const exit = once(child, "exit")
  let url: string | undefined
  for await (const line of createInterface(child.stdout)) {
    url = (JSON.parse(line) as { address?: string }).address
    if (url !== undefined) break
  }
  child.stdout.resume()
  assert.ok(url, `${version} did not start`)
  return {
    version,
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM")
      await exit
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** An order as the service has heard of it; "paid" as old code left it before the change. */
async function newSale(total: number, state: "none" | "paid" = "none"): Promise<string> {
  const id = newId()
  await owner.query(
    "INSERT INTO payments.sale (shop_id, id, revision, doc_no, store_id, total, status, occurred_at) VALUES ($1, $2, 1, '17', $3, $4, 'new', now())",
    [shop, id, store, total],
  )
  if (state === "paid") {
    await owner.query(
      `UPDATE payments.sale SET paid_id = gen_random_uuid(), paid_by = 'cash', paid_amount = total, paid_at = now(), paid_recorded_at = now(), paid_store = store_id,
       paid_worker = store_id WHERE id = $1`,
      [id],
    )
  }
  return id
}

/** A test reads an answer's body as it expects it to be; a wrong shape fails the test. */
type Answer = { status: number; body: ReturnType<typeof JSON.parse> }
type Tender = { method: "cash" | "card"; amount: number }

function pay(copy: Copy, sale: string, { method, amount }: Tender): Promise<Answer> {
  return post(copy, `/v1/orders/${sale}/payments`, {
    data: {
      type: "order-payments",
      attributes: { paymentType: "payment", amount, description: `by ${copy.version}` },
      relationships: { method: { data: { type: "payment-methods", id: methodId(shop, method) } } },
    },
  })
}

async function paid(copy: Copy, sale: string, tender: Tender): Promise<{ id: string }> {
  const { status, body } = await pay(copy, sale, tender)
  assert.equal(status, 200, JSON.stringify(body))
  return body.data
}

const refund = (copy: Copy, payment: string, amount: number) =>
  post(copy, `/v1/payments/${payment}/refunds`, { data: { type: "order-payments", attributes: { amount } } })

const mark = (copy: Copy, payment: string, description: string) =>
  ask(copy, "PATCH", `/v1/payments/${payment}`, { data: { type: "order-payments", attributes: { description, fiscalized: true } } })

async function agreeOn(payment: string): Promise<void> {
  const [old, fresh] = await Promise.all([get(v1, `/v1/payments/${payment}`), get(v2, `/v1/payments/${payment}`)])
  assert.equal(old.status, 200, JSON.stringify(old.body))
  assert.deepEqual(fresh.body, old.body)
}

/** Columns and rows, whole; and sales whose refunds are what their payments say. */
async function agreeEverywhere(): Promise<void> {
  assert.equal((await engine.verify(rows, run)).mismatches, 0)
  const { rows: wrong } = await owner.query(
    `SELECT p.id, p.refunded, (SELECT coalesce(sum(r.amount), 0) FROM payments.refund r WHERE r.payment_id = p.id AND r.state <> 'declined') AS given
     FROM payments.payment p WHERE coalesce(p.refunded, 0) <> (SELECT coalesce(sum(r.amount), 0) FROM payments.refund r WHERE r.payment_id = p.id AND r.state <> 'declined')`,
  )
  assert.deepEqual(wrong, [])
}

async function amounts(sql: string, id: string): Promise<number[]> {
  const { rows: found } = await owner.query<Record<string, string>>(sql, [id])
  return found.flatMap((row) => Object.values(row).map(Number))
}

const get = (copy: Copy, path: string) => ask(copy, "GET", path)
const post = (copy: Copy, path: string, body?: unknown) => ask(copy, "POST", path, body)

async function ask(copy: Copy, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await fetch(`${copy.url}/api${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "content-type": "application/vnd.api+json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000),
  })
  return { status: answer.status, body: JSON.parse(await answer.text()) }
}

// What holds whatever a shop does, in whatever order, at the same time, repeated or cut off in the middle: properties on a real server.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { newId } from "@florist/kit/id"
import type { OpenShop } from "@florist/kit/fleet"
import type { Running } from "@florist/kit/serve"
import fc from "fast-check"
import { startPlatform } from "../../kit/test/platform.ts"
import type { Platform, TestAnswer } from "../../kit/test/platform.ts"
import { returnIssue } from "../src/issue/issue.ts"
import { stock } from "../src/service.ts"
import { Shop, assertLedger, shops } from "./ground.ts"

let platform: Platform
let running: Running
let shop: Shop
let inside: OpenShop
before(async () => {
  platform = await startPlatform()
  running = await platform.start(stock)
  shop = new Shop(platform)
  inside = await running.app.surroundings.fleet.shop(shops.rose)
})
after(() => platform[Symbol.asyncDispose]())

const runs = (numRuns: number) => ({ numRuns, seed: 20261121, endOnFailure: true })
const start = Date.parse("2026-03-01T00:00:00Z")
const atMinute = (minute: number) => new Date(start + minute * 60_000).toISOString()

// A shop's day at random.

type Step =
  | { do: "receive"; item: number; store: number; qty: number; price: number; fresh: number | null; defect: number }
  | { do: "sell"; items: readonly [number, number][]; store: number; shortage: "refuse" | "allow" }
  | { do: "sellBouquet" | "disassemble" | "show" | "writeOffBouquet" | "moveBouquet"; which: number }
  | { do: "return"; which: number; goods: "kept" | "written-off" }
  | { do: "cancel"; which: number }
  | { do: "writeOff" | "count"; item: number; store: number; qty: number }
  | { do: "transfer"; item: number; store: number; qty: number }
  | { do: "make"; parts: readonly [number, number][]; store: number }
  | { do: "again"; which: number }

const item = fc.nat(2)
const store = fc.nat(1)
const few = fc.integer({ min: 1, max: 4_000 }).map((thousandths) => thousandths / 1_000)
const which = fc.nat(20)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("receive" as const),
      item,
      store,
      qty: fc.integer({ min: 1, max: 9_000 }).map((n) => n / 1_000),
      price: fc.integer({ min: 0, max: 5_000 }).map((n) => n / 100),
      fresh: fc.option(fc.integer({ min: 1, max: 40 })),
      defect: fc.nat(2),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("sell" as const),
      items: fc.array(fc.tuple(item, few), { minLength: 1, maxLength: 3 }),
      store,
      shortage: fc.constantFrom("refuse", "allow"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("sellBouquet", "disassemble", "show", "writeOffBouquet", "moveBouquet"), which }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("return" as const), which, goods: fc.constantFrom("kept", "written-off") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("writeOff", "count"), item, store, qty: few }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("transfer" as const), item, store, qty: few }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("make" as const), parts: fc.array(fc.tuple(item, few), { minLength: 1, maxLength: 3 }), store }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("again" as const), which }) },
)

/** Books of its own, in thousandths and kopecks, kept from what the service answered. */
class Day {
  readonly items = [newId(), newId(), newId()]
  readonly stores = [newId(), newId()]
  readonly qty = new Map<string, number>()
  readonly orders: string[] = []
  readonly bouquets: string[] = []
  readonly requests: (() => Promise<TestAnswer>)[] = []
  received = 0
  minute = 0

  item = (index: number) => this.items[index] ?? ""
  store = (index: number) => this.stores[index] ?? ""
  #change(storeId: string, itemId: string, by: number): void {
    const key = `${storeId}/${itemId}`
    this.qty.set(key, (this.qty.get(key) ?? 0) + Math.round(by * 1_000))
  }

  async request(send: () => Promise<TestAnswer>): Promise<TestAnswer> {
    const answer = await send()
    assert.ok(answer.status < 500, JSON.stringify(answer.body))
    if (answer.status < 300) this.requests.push(send)
    return answer
  }

  async carryOut(each: Step): Promise<void> {
    const at = atMinute(this.minute++)
    switch (each.do) {
      case "receive": {
        const { price, qty } = each
        const defectQty = Math.min(qty, each.defect)
        const fresh = each.fresh === null ? {} : { freshUntil: atMinute(this.minute + each.fresh) }
        const words = {
          id: newId(),
          at,
          store: this.store(each.store),
          lines: [{ item: this.item(each.item), qty, defectQty, price, ...fresh }],
        }
        const { body } = await this.request(() => shop.receive(words))
        this.received += Math.round(body.data.attributes.amount * 100)
        this.#change(words.store, this.item(each.item), qty - defectQty)
        return
      }
      case "sell": {
        const [order, storeId] = [newId(), this.store(each.store)]
        const lines = each.items.map(([index, qty]) => ({ item: this.item(index), qty }))
        const answer = await this.request(() => shop.issue({ order, at, store: storeId, shortage: each.shortage, lines }))
        if (answer.status !== 200) return
        this.orders.push(order)
        for (const line of lines) this.#change(storeId, line.item, -line.qty)
        return
      }
      case "make": {
        const storeId = this.store(each.store)
        const parts = each.parts.map(([index, qty]): [string, number] => [this.item(index), qty])
        const id = newId()
        const answer = await this.request(() => shop.make({ id, store: storeId, status: "assembled", at, parts }))
        if (answer.status !== 200) return
        this.bouquets.push(id)
        for (const [itemId, qty] of parts) this.#change(storeId, itemId, -qty)
        return
      }
      case "writeOff": {
        const words = { id: newId(), at, store: this.store(each.store), lines: [{ item: this.item(each.item), qty: each.qty }] }
        const answer = await this.request(() => shop.writeOff(words))
        if (answer.status === 201) this.#change(words.store, this.item(each.item), -each.qty)
        return
      }
      case "count": {
        const storeId = this.store(each.store)
        const id = newId()
        const answer = await this.request(() =>
          shop.count({ id, at, store: storeId, lines: [{ item: this.item(each.item), qty: each.qty }] }),
        )
        shop.must(201, answer)
        this.qty.set(`${storeId}/${this.item(each.item)}`, Math.round(each.qty * 1_000))
        return
      }
      case "transfer": {
        const [from, to] = [this.store(each.store), this.store(1 - each.store)]
        const answer = await shop.transfer({ at, store: from, to, lines: [{ item: this.item(each.item), qty: each.qty }] })
        if (answer.status !== 201) return
        this.#change(from, this.item(each.item), -each.qty)
        this.#change(to, this.item(each.item), each.qty)
        return
      }
      case "again": {
        const before = await fingerprint()
        await this.requests[each.which % Math.max(1, this.requests.length)]?.()
        assert.equal(await fingerprint(), before, "what was done is not done again")
        return
      }
      default:
        await this.#late(each, at)
    }
  }

  /** What is done with orders and bouquets that are there; their parts come back to where the ledger says, so the books follow it. */
  async #late(each: Exclude<Step, { item: number } | { do: "sell" | "make" | "again" }>, at: string): Promise<void> {
    const moved = await this.#ledger()
    if (each.do === "return" || each.do === "cancel") {
      const orderId = this.orders[each.which % Math.max(1, this.orders.length)]
      if (orderId === undefined) return
      if (each.do === "cancel") await shop.peer("/v1/issues/cancel", { orderId, occurredAt: at })
      else await inside.write((tx) => returnIssue(tx, { orderId, orderRevision: 5, occurredAt: new Date(at), goods: each.goods }))
    } else {
      const id = this.bouquets[each.which % Math.max(1, this.bouquets.length)]
      if (id === undefined) return
      const bouquet = (await shop.ask("GET", `/v1/bouquets/${id}`)).body.data
      const storeId = bouquet.relationships.store.data.id
      if (each.do === "sellBouquet") {
        const order = newId()
        const answer = await shop.issue({ order, at, store: storeId, expired: "take", lines: [{ bouquet: id, qty: 1 }] })
        if (answer.status === 200) this.orders.push(order)
      } else if (each.do === "moveBouquet") {
        await shop.transfer({ at, store: storeId, to: this.stores.find((other) => other !== storeId) ?? "", lines: [{ bouquet: id }] })
      } else if (each.do === "writeOffBouquet") await shop.writeOff({ at, store: storeId, lines: [{ bouquet: id }] })
      else await shop.setStatus(id, each.do === "show" ? "demonstrated" : "disassembled")
    }
    const now = await this.#ledger()
    for (const key of new Set([...moved.keys(), ...now.keys()])) {
      const by = (now.get(key) ?? 0) - (moved.get(key) ?? 0)
      this.qty.set(key, (this.qty.get(key) ?? 0) + by)
    }
  }

  async #ledger(): Promise<Map<string, number>> {
    const { rows } = await platform.shard.query(
      `SELECT store_id, item_id, sum(qty) AS qty FROM stock.stock_movement WHERE shop_id = $1 AND item_id = ANY ($2::uuid[])
         AND kind IN ('sale-return', 'disassembly-in', 'write-off') GROUP BY 1, 2`,
      [shops.rose, this.items],
    )
    return new Map(rows.map((row) => [`${row.store_id}/${row.item_id}`, Number(row.qty)]))
  }

  async check(): Promise<void> {
    await assertLedger(platform)
    const { rows } = await platform.shard.query(
      "SELECT store_id, item_id, qty FROM stock.stock_balance WHERE shop_id = $1 AND item_id = ANY ($2::uuid[])",
      [shops.rose, this.items],
    )
    const kept = Object.fromEntries(rows.map((row) => [`${row.store_id}/${row.item_id}`, Number(row.qty)]).filter(([, qty]) => qty !== 0))
    const own = Object.fromEntries([...this.qty].filter(([, qty]) => qty !== 0))
    assert.deepEqual(kept, own, "balances are what an independent book-keeper has")
    const { rows: costs } = await platform.shard.query(
      `SELECT coalesce((SELECT sum(cost) FROM stock.stock_batch WHERE shop_id = $1 AND store_id = ANY ($2::uuid[])), 0) AS there,
         coalesce((SELECT sum(cost) FROM stock.stock_movement WHERE shop_id = $1 AND store_id = ANY ($2::uuid[])
           AND kind IN ('sale', 'sale-return', 'correction', 'write-off', 'count-surplus', 'count-shortage')), 0) AS gone`,
      [shops.rose, this.stores],
    )
    assert.equal(
      Number(costs[0].there),
      this.received + Number(costs[0].gone),
      "what was received is there, or left as a sale, a write-off or a difference",
    )
  }
}

async function fingerprint(): Promise<string> {
  const { rows } = await platform.shard.query(
    `SELECT (SELECT count(*) FROM stock.stock_movement) AS movements, (SELECT sum(qty) FROM stock.stock_movement) AS qty,
       (SELECT count(*) FROM stock.stock_batch) AS batches, (SELECT sum(cost) FROM stock.stock_batch) AS cost, (SELECT count(*) FROM stock.act) AS acts,
       (SELECT count(*) FROM stock.act WHERE status = 'posted') AS posted, (SELECT count(*) FROM stock.act_line) AS lines,
       (SELECT sum(value) FROM stock.counter) AS numbers, (SELECT sum(value) FROM stock.revision) AS revisions, (SELECT count(*) FROM stock.outbox) AS events,
       (SELECT count(*) || ' ' || coalesce(sum(revision), 0) FROM stock.bouquet) AS bouquets,
       (SELECT string_agg(status || turn, ',' ORDER BY order_id) FROM stock.sale_issue) AS issues,
       (SELECT count(*) FROM stock.idempotency) AS keys, (SELECT count(*) FROM stock.stock_count) AS counts,
       (SELECT sum(expected) FROM stock.act_line) AS expected`,
  )
  return JSON.stringify(rows[0])
}

test("quantity and cost are conserved, and balances are the replay of movements, over any sequence of documents", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 28 }), async (steps) => {
      const day = new Day()
      for (const each of steps) await day.carryOut(each)
      await day.check()
    }),
    runs(16),
  )
})

test("documents that arrive in any order give the same balance: the last count, and what occurred after it", async () => {
  const comes = ["receipt", "transfer-in"] as const
  const goes = ["sale", "sale", "transfer-out", "write-off", "assembly"] as const
  const document = fc.oneof(
    fc.record({ kind: fc.constantFrom(...comes, ...goes), qty: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ kind: fc.constant("count" as const), qty: fc.nat(8) }),
  )
  const arrivals = fc
    .array(document, { minLength: 2, maxLength: 8 })
    .map((documents) => documents.map((each, minute) => ({ ...each, minute })))
    .chain((documents) => fc.tuple(fc.constant(documents), fc.shuffledSubarray(documents, { minLength: documents.length })))
  await fc.assert(
    fc.asyncProperty(arrivals, async ([documents, arriving]) => {
      const [itemId, storeId, other] = [newId(), newId(), newId()]
      await shop.receive({ at: atMinute(-1), store: other, lines: [{ item: itemId, qty: 50, price: 3 }] })
      const done = new Set<number>()
      for (const { kind, qty, minute } of arriving) {
        const words = { at: atMinute(minute), store: storeId, lines: [{ item: itemId, qty, price: 7 }] }
        const send = {
          receipt: () => shop.receive(words),
          "transfer-in": () => shop.transfer({ ...words, store: other, to: storeId }),
          "transfer-out": () => shop.transfer({ ...words, to: other }),
          sale: () => shop.issue({ ...words, order: newId(), shortage: "allow" }),
          "write-off": () => shop.writeOff(words),
          assembly: () => shop.make({ ...words, status: "assembled", parts: [[itemId, qty]] }),
          count: () => shop.count(words),
        }[kind]
        const { status } = await send()
        assert.ok(status < 300 || (status === 409 && ["transfer-out", "write-off", "assembly"].includes(kind)), `${kind} ${status}`)
        if (status < 300) done.add(minute)
      }
      // What was refused for want of goods has no part in it.
      const expected = documents.reduce((sum, { kind, qty, minute }) => {
        if (!done.has(minute)) return sum
        if (kind === "count") return qty
        return comes.some((each) => each === kind) ? sum + qty : sum - qty
      }, 0)
      assert.equal((await shop.balance(itemId, storeId)).qty, expected)
      await assertLedger(platform)
    }),
    runs(25),
  )
})

test("assembling and taking apart is nothing: batches have their quantity and their cost again", async () => {
  const batch = fc.record({
    qty: fc.integer({ min: 1, max: 5_000 }).map((n) => n / 1_000),
    price: fc.integer({ min: 0, max: 9_999 }).map((n) => n / 100),
    freshUntil: fc.constantFrom("2030-01-01", "2030-01-02", "2030-01-03"),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(batch, { minLength: 1, maxLength: 4 }),
      fc.array(few, { minLength: 1, maxLength: 3 }),
      async (received, taken) => {
        const itemId = newId()
        await shop.receive({ lines: received.map((each) => ({ item: itemId, ...each })) })
        const before = await shop.batches(itemId)
        const made = await shop.make({ status: "assembled", parts: taken.map((qty) => [itemId, qty]) })
        if (made.status === 200) shop.must(200, await shop.setStatus(made.body.data.id, "disassembled"))
        assert.deepEqual(await shop.batches(itemId), before)
      },
    ),
    runs(15),
  )
})

test("of many who want the last stem exactly one gets it, and of those who want k exactly k", async () => {
  for (let round = 0; round < 15; round++) {
    const [rose, tulip] = [newId(), newId()]
    const there = 1 + (round % 3)
    await shop.receive({
      lines: [
        { item: rose, qty: there, price: 10 },
        { item: tulip, qty: 50, price: 1 },
      ],
    })
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) => {
        const lines = [
          { item: rose, qty: 1 },
          { item: tulip, qty: 1 },
        ]
        return shop.issue({ order: newId(), lines: index % 2 === 0 ? lines : lines.toReversed() })
      }),
    )
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [...Array(there).fill(200), ...Array(6 - there).fill(409)],
    )
    assert.deepEqual(await shop.balance(rose), { qty: 0, cost: 0 })
    assert.equal((await shop.balance(tulip)).qty, 50 - there)
  }
})

test("of those who want one bouquet, to sell it, to take it apart, to move it or to write it off, exactly one gets it", async () => {
  const rose = newId()
  await shop.receive({ lines: [{ item: rose, qty: 100, price: 3.33 }] })
  for (let round = 0; round < 8; round++) {
    const { id } = shop.must(200, await shop.make({ status: "demonstrated", parts: [[rose, 2]] })).body.data
    const answers = await Promise.all([
      shop.issue({ order: newId(), lines: [{ bouquet: id, qty: 1 }] }),
      shop.issue({ order: newId(), lines: [{ bouquet: id, qty: 1 }] }),
      shop.setStatus(id, "disassembled"),
      shop.writeOff({ lines: [{ bouquet: id }] }),
    ])
    assert.equal(answers.filter(({ status }) => status < 300).length, 1, JSON.stringify(answers.map(({ status }) => status)))
    assert.deepEqual(new Set(answers.map(({ status }) => status).filter((status) => status >= 300)), new Set([409]))
  }
  await assertLedger(platform)
})

test("any repetition at the same time is one execution: issues, transfers with a key, write-offs with an id", async () => {
  const rose = newId()
  await shop.receive({ lines: [{ item: rose, qty: 100, price: 3 }] })
  const [order, id] = [newId(), newId()]
  const transfer = shop.act("movement-acts", { lines: [{ item: rose, qty: 10 }] })
  const all = await Promise.all(
    Array.from({ length: 6 }, () => [
      shop.issue({ order, at: atMinute(1), lines: [{ item: rose, qty: 3 }] }),
      shop.ask("POST", "/v1/movement-acts", transfer, { "idempotency-key": "once" }),
      shop.writeOff({ id, lines: [{ item: rose, qty: 2 }] }),
    ]).flat(),
  )
  assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([200, 201]))
  assert.equal(new Set(all.map(({ body }) => JSON.stringify(body))).size, 3)
  assert.deepEqual([(await shop.balance(rose)).qty, (await shop.balance(rose, shop.branch)).qty], [85, 10])
})

// Whoever kills the connection, wherever in the transaction: all or nothing, and then the same request once.

const places = [
  "counter",
  "idempotency",
  "act",
  "act_line",
  "stock_batch",
  "stock_movement",
  "stock_balance",
  "stock_count",
  "bouquet",
  "sale_issue",
  "revision",
  "outbox",
  "commit",
]

async function armed(place: string): Promise<() => Promise<void>> {
  const table = place === "commit" ? "stock.stock_movement" : `stock.${place}`
  const kind = place === "commit" ? "CONSTRAINT TRIGGER" : "TRIGGER"
  const when = place === "commit" ? "AFTER INSERT" : "AFTER INSERT OR UPDATE"
  await platform.shard.query(`CREATE OR REPLACE FUNCTION public.die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $$`)
  await platform.shard.query(
    `CREATE ${kind} die ${when} ON ${table} ${place === "commit" ? "DEFERRABLE INITIALLY DEFERRED" : ""} FOR EACH ROW EXECUTE FUNCTION public.die()`,
  )
  return async () => void (await platform.shard.query(`DROP TRIGGER die ON ${table}`))
}

test("a connection that is killed anywhere in a transaction leaves nothing of it, and the repeated request is done once", async () => {
  const rose = newId()
  await shop.receive({ lines: [{ item: rose, qty: 500, price: 3.33 }] })
  for (const [index, place] of places.entries()) {
    const requests: [string, () => Promise<TestAnswer>][] = [
      ["receipt", keyed("/v1/receipts", shop.act("receipts", { lines: [{ item: rose, qty: 1, price: 2 }] }))],
      ["transfer", keyed("/v1/movement-acts", shop.act("movement-acts", { lines: [{ item: rose, qty: 1 }] }))],
      [
        "stocktake",
        keyed("/v1/stocktakes", shop.act("stocktakes", { at: atMinute(1_000 + index), lines: [{ item: rose, qty: 600 + index }] })),
      ],
      ["bouquet", keyed("/v1/bouquets", shop.bouquet({ id: newId(), status: "demonstrated", parts: [[rose, 2]] }))],
      ["sale", issuing(newId())],
    ]
    for (const [name, send] of requests) {
      const disarm = await armed(place)
      const before = await fingerprint()
      const cut = await send()
      await disarm()
      // A request that does not come by here is carried out.
      if (cut.status < 300) continue
      assert.equal(cut.status, 503, `${name} at ${place}: ${JSON.stringify(cut.body)}`)
      assert.equal(await fingerprint(), before, `${name} at ${place} left something behind`)
      const done = await send()
      assert.ok(done.status < 300, JSON.stringify(done.body))
      const after = await fingerprint()
      assert.deepEqual((await send()).body, done.body)
      assert.equal(await fingerprint(), after, `${name} was done again after ${place}`)
    }
    await assertLedger(platform)
  }

  function keyed(path: string, body: object): () => Promise<TestAnswer> {
    const key = newId()
    return () => shop.ask("POST", path, body, { "idempotency-key": key })
  }
  function issuing(order: string): () => Promise<TestAnswer> {
    const at = new Date().toISOString()
    return () => shop.issue({ order, at, lines: [{ item: rose, qty: 1 }] })
  }
})

// Registers, shifts, cash in and out, and the equation of the drawer: expected = opening + cash sales - cash refunds - change + paid in - paid out.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { newId } from "@florist/kit/id"
import fc from "fast-check"
import { startScene, store } from "./scene.ts"
import type { Scene } from "./scene.ts"

let scene: Scene
let token: string
before(async () => {
  scene = await startScene()
  token = await scene.token()
})
after(async () => {
  scene.client.exercised.keep("payments")
  await scene[Symbol.asyncDispose]()
})

const code = (answer: { errors: { code?: unknown }[] }) => answer.errors[0]?.code
const link = (type: string, id: string) => ({ data: { type, id } })

async function newRegister(at = store): Promise<string> {
  const body = { data: { type: "registers", attributes: { title: "By the window" }, relationships: { store: link("stores", at) } } }
  return (await scene.client.call("POST", "/v1/registers", { token, body })).one.id
}

const open = (register: string, openingAmount: number, more: object = {}, id: string = newId()) =>
  scene.client.call("POST", "/v1/shifts", {
    token,
    body: {
      data: { type: "shifts", id, attributes: { openingAmount, ...more }, relationships: { register: link("registers", register) } },
    },
  })

const close = (shift: string, countedAmount: number) =>
  scene.client.call("POST", "/v1/shifts/{id}/close", {
    token,
    params: { id: shift },
    body: { data: { type: "shifts", attributes: { countedAmount } } },
  })

const move = (shift: string, kind: "deposit" | "withdraw", amount: number, reason?: string) =>
  scene.client.call("POST", "/v1/cash-movements", {
    token,
    body: {
      data: {
        type: "cash-movements",
        attributes: { kind, amount },
        relationships: { shift: link("shifts", shift), ...(reason === undefined ? {} : { reason: link("cash-reasons", reason) }) },
      },
    },
  })

const expectedOf = async (shift: string) =>
  (await scene.client.call("GET", "/v1/shifts/{id}", { token, params: { id: shift } })).one.attributes.expectedAmount

test("cash reasons are made, renamed, deleted and listed as published", async () => {
  const create = (attributes: object) =>
    scene.client.call("POST", "/v1/cash-reasons", { token, body: { data: { type: "cash-reasons", attributes } } })
  const made = await create({ title: "Encashment", typeReason: "withdraw" })
  assert.equal(made.status, 201)
  const change = (attributes: object) =>
    scene.client.call("PATCH", "/v1/cash-reasons/{id}", {
      token,
      params: { id: made.one.id },
      body: { data: { type: "cash-reasons", id: made.one.id, attributes } },
    })
  const renamed = await change({ title: "To the bank" })
  assert.deepEqual([renamed.status, renamed.one.attributes.title], [201, "To the bank"])
  assert.equal(code(await change({ title: "x", revision: 1 })), "stale-revision")
  assert.equal(
    (await scene.client.call("GET", "/v1/cash-reasons/{id}", { token, params: { id: made.one.id } })).one.attributes.status,
    "on",
  )
  const kept = await create({ title: "Small change", typeReason: "deposit" })
  await change({ status: "deleted" })
  const listed = await scene.client.call("GET", "/v1/cash-reasons", { token })
  assert.deepEqual(
    listed.many.map(({ id }) => id),
    [kept.one.id],
  )
  const all = await scene.client.call("GET", "/v1/cash-reasons", { token, query: { "filter[revision]": 0 } })
  assert.equal(all.many.length, 2)
  assert.equal(all.meta.revision, all.many[0]?.attributes.revision)
  assert.equal((await scene.client.call("GET", "/v1/cash-reasons/{id}", { token, params: { id: newId() } })).status, 404)
})

test("one shift of a register is open at a time, whoever asks; closed, it stays as it is", async () => {
  const register = await newRegister()
  const answers = await Promise.all(Array.from({ length: 8 }, () => open(register, 100)))
  assert.equal(answers.filter(({ status }) => status === 201).length, 1)
  assert.equal(answers.filter(({ status }) => status === 409).length, 7)
  const shift = answers.find(({ status }) => status === 201)?.one.id ?? ""
  assert.equal((await open(register, 100, {}, shift)).status, 201, "the same again")
  const closed = await close(shift, 90)
  assert.deepEqual([closed.one.attributes.expectedAmount, closed.one.attributes.differenceAmount], [100, -10])
  assert.equal((await close(shift, 90)).status, 200, "the same again")
  assert.equal(code(await close(shift, 91)), "shift-closed")
  assert.equal(code(await move(shift, "deposit", 1)), "shift-closed")
  for (const sql of [
    "UPDATE payments.cash_shift SET counted = 1 WHERE id = $1",
    "DELETE FROM payments.cash_shift WHERE id = $1",
    `INSERT INTO payments.cash_entry SELECT shop_id, gen_random_uuid(), register_id, id, 'sale', 5, now(), false FROM payments.cash_shift WHERE id = $1`,
  ])
    await assert.rejects(scene.platform.shard.query(sql, [shift]), /is closed/)
  const listed = await scene.client.call("GET", "/v1/shifts", {
    token,
    query: { "filter[register]": register, "filter[status]": "closed" },
  })
  assert.deepEqual(
    listed.many.map(({ id }) => id),
    [shift],
  )
})

test("a register is renamed and taken away, not while its shift is open", async () => {
  const register = await newRegister()
  const change = (attributes: object) =>
    scene.client.call("PATCH", "/v1/registers/{id}", { token, params: { id: register }, body: { data: { type: "registers", attributes } } })
  assert.equal((await change({ title: "At the door" })).one.attributes.title, "At the door")
  const shift = (await open(register, 0)).one.id
  assert.equal(code(await change({ status: "deleted" })), "shift-open")
  await close(shift, 0)
  assert.equal((await change({ status: "deleted" })).status, 200)
  const listed = await scene.client.call("GET", "/v1/registers", { token })
  assert.ok(!listed.many.some(({ id }) => id === register))
})

test("cash is put in and taken out with a reason of its kind", async () => {
  const shift = (await open(await newRegister(), 100)).one.id
  const body = { data: { type: "cash-reasons", attributes: { title: "Encashment", typeReason: "withdraw" } } }
  const reason = (await scene.client.call("POST", "/v1/cash-reasons", { token, body })).one.id
  assert.equal((await move(shift, "withdraw", 30.5, reason)).status, 201)
  assert.equal((await move(shift, "deposit", 1, reason)).status, 422)
  assert.equal((await move(shift, "deposit", 1, newId())).status, 422)
  assert.equal((await move(newId(), "deposit", 1)).status, 404)
  assert.equal(await expectedOf(shift), 69.5)
  const listed = await scene.client.call("GET", "/v1/cash-movements", { token, query: { "filter[shift]": shift } })
  assert.deepEqual(
    listed.many.map(({ attributes }) => attributes.amount),
    [30.5],
  )
})

test("money of a closed shift goes to the register's next one and is marked late, also where that is not open yet", async () => {
  const register = await newRegister()
  const first = (await open(register, 0)).one.id
  await close(first, 0)
  const order = scene.order(100_000)
  assert.equal((await scene.pay(order.id, { method: "cash", amount: 100, shift: first })).status, 200)
  const second = (await open(register, 0)).one.id
  assert.equal(await expectedOf(second), 100)
  await scene.pay(order.id, { method: "cash", amount: 50, shift: first })
  await scene.pay(order.id, { method: "cash", amount: 5, shift: second, at: new Date("2020-01-01") })
  await scene.pay(order.id, { method: "cash", amount: 1, shift: second })
  assert.equal(await expectedOf(second), 156)
  const entries = await scene.rows("SELECT amount::int, late FROM payments.cash_entry WHERE shift_id = $1 ORDER BY amount DESC", [second])
  assert.deepEqual(
    entries.map(({ amount, late }) => [amount, late]),
    [
      [10_000, true],
      [5_000, true],
      [500, true],
      [100, false],
    ],
  )
  assert.equal((await scene.client.call("GET", "/v1/shifts/{id}", { token, params: { id: first } })).one.attributes.expectedAmount, 0)
})

test("whatever is sold, returned, changed, put in and taken out, now or late, every drawer's equation holds and the journal sums to nothing", async () => {
  const kopecks = fc.integer({ min: 1, max: 500_00 })
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ what: fc.constant("sell" as const), kopecks, shift: fc.constantFrom("open", "closed", "none") }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant("sell-with-change" as const), kopecks }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant("return" as const), kopecks, shift: fc.constantFrom("open", "closed") }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constantFrom("deposit" as const, "withdraw" as const), kopecks }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant("turn" as const), kopecks }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
      const place = newId()
      const register = await newRegister(place)
      let current: string | undefined
      const shifts: string[] = []
      let waiting = 0
      const expected = new Map<string, number>()
      const into = (sum: number) => {
        if (current === undefined) waiting += sum
        else expected.set(current, (expected.get(current) ?? 0) + sum)
      }
      const turn = async (counted: number) => {
        if (current !== undefined) await close(current, counted / 100)
        const id = (await open(register, counted / 100)).one.id
        shifts.push(id)
        expected.set(id, counted + waiting)
        waiting = 0
        current = id
      }
      await turn(0)
      for (const each of steps) {
        if (each.what === "turn") {
          // A sale arrives between the closing and the next opening.
          const last = current ?? ""
          await close(last, each.kopecks / 100)
          current = undefined
          await scene.pay(scene.order(each.kopecks, { storeId: place }).id, { method: "cash", amount: each.kopecks / 100, shift: last })
          into(each.kopecks)
          await turn(each.kopecks)
        } else if (each.what === "deposit" || each.what === "withdraw") {
          const isThere = each.what === "deposit" || each.kopecks <= (expected.get(current ?? "") ?? 0)
          assert.equal((await move(current ?? "", each.what, each.kopecks / 100)).status, isThere ? 201 : 409, "never below nothing")
          if (isThere) into(each.what === "deposit" ? each.kopecks : -each.kopecks)
        } else {
          const over = each.what === "sell-with-change" ? 100 : 0
          const order = scene.order(each.kopecks, { storeId: place })
          const named = "shift" in each ? (each.shift === "open" ? current : each.shift === "closed" ? shifts[0] : undefined) : current
          const shift = named === undefined ? {} : { shift: named }
          const paid = await scene.pay(order.id, { method: "cash", amount: (each.kopecks + over) / 100, ...shift })
          assert.equal(paid.status, 200, JSON.stringify(paid.body))
          into(each.kopecks + over)
          if (over > 0) {
            await scene.pay(order.id, { type: "change", method: "cash", amount: over / 100, ...shift })
            into(-over)
          }
          if (each.what === "return") {
            await scene.pay(order.id, { type: "return", method: "cash", amount: each.kopecks / 100, ...shift })
            into(-each.kopecks)
          }
        }
      }
      for (const [shift, sum] of expected) assert.equal(await expectedOf(shift), sum / 100)
      const drawer = await scene.rows("SELECT sum(amount)::int AS sum FROM payments.journal_line WHERE account = $1", [`cash:${register}`])
      assert.equal(Number(drawer[0]?.sum ?? 0), expected.get(current ?? "") ?? 0, "the journal's drawer holds what is expected in it")
    }),
    { numRuns: 12 },
  )
  assert.deepEqual(
    await scene.rows(
      "SELECT shop_id, transaction_id FROM payments.journal_line GROUP BY shop_id, transaction_id, currency HAVING sum(amount) <> 0",
    ),
    [],
  )
})

test("a drawer gives no more than it holds, however many take from it at once", async () => {
  const shift = (await open(await newRegister(), 100)).one.id
  const answers = await Promise.all(Array.from({ length: 6 }, () => move(shift, "withdraw", 30)))
  assert.deepEqual(
    [201, 409].map((status) => answers.filter((answer) => answer.status === status).length),
    [3, 3],
  )
  assert.equal(code(await move(shift, "withdraw", 10.01)), "not-enough-cash")
  assert.equal(await expectedOf(shift), 10)
  const order = scene.order(50_000)
  await scene.pay(order.id, { method: "cash", amount: 500, shift })
  await move(shift, "withdraw", 400)
  assert.equal(code(await scene.pay(order.id, { type: "return", method: "cash", amount: 500, shift })), "not-enough-cash")
  assert.equal(await expectedOf(shift), 110, "what was refused has moved nothing")
  assert.equal((await scene.pay(order.id, { type: "return", method: "cash", amount: 110, shift })).status, 200)
})

test("a shift does not close over a sale that is not paid, unless whoever closes it says so", async () => {
  const [place, other] = [newId(), newId()]
  const shift = (await open(await newRegister(place), 0)).one.id
  const sold = (total: number, more: object) => {
    const postedAt = new Date(scene.platform.clock.now().getTime() + 1_000)
    const order = scene.order(total, { storeId: place, status: "done", postedAt, ...more })
    return scene.tell("order.posted", order).then(() => order)
  }
  const unpaid = await sold(128_000, { docNo: "K-12" })
  await sold(1_000, { storeId: other })
  await sold(2_000, { postedAt: new Date("2020-01-01") })
  const broughtBack = await sold(3_000, {})
  await scene.pay(broughtBack.id, { method: "card", amount: 30 })
  await scene.pay(broughtBack.id, { type: "return", method: "card", amount: 30 })
  await scene.pay(unpaid.id, { method: "card", amount: 280 })
  const refused = await close(shift, 0)
  assert.equal(code(refused), "unpaid-sales")
  assert.match(JSON.stringify(refused.errors), /1000\.00 roubles.*K-12/)
  const body = { data: { type: "shifts", attributes: { countedAmount: 0, unpaid: "leave" } } }
  assert.equal((await scene.client.call("POST", "/v1/shifts/{id}/close", { token, params: { id: shift }, body })).status, 200)
  const next = (await open(await newRegister(place), 0)).one.id
  await scene.pay(unpaid.id, { method: "card", amount: 1_000 })
  assert.equal((await close(next, 0)).status, 200)
})

test("the database takes no transaction of the journal that does not sum to nothing, and the service may change none", async () => {
  const insert = "INSERT INTO payments.journal_line VALUES (17, gen_random_uuid(), 1, 'card', 'RUB', 5, now())"
  await assert.rejects(scene.platform.shard.query(insert), /does not sum to 0/)
  const shop = await scene.surroundings.fleet.shop(17)
  await assert.rejects(
    shop.write((tx) => tx.query("UPDATE payments.journal_line SET amount = 1")),
    /permission denied/,
  )
  await assert.rejects(
    shop.write((tx) => tx.query("DELETE FROM payments.journal_line")),
    /permission denied/,
  )
  const lines = await scene.client.call("GET", "/v1/journal", { token, query: { "filter[account]": "cash_over_short" } })
  assert.ok(lines.many.every(({ attributes }) => attributes.account === "cash_over_short"))
})

// The promise of projections: whatever arrives, in whatever order and however often, the figures are those of a count over the raw events, to the kopeck; and what the log builds anew is
// what grew event by event.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import fc from "fast-check"
import { rebuild } from "../src/rebuilding.ts"
import { arrivals, categories, history, stores } from "./history.ts"
import { oracle } from "./oracle.ts"
import type { Question } from "./oracle.ts"
import { startGround } from "./shop-of-history.ts"
import type { Answer, Ground } from "./shop-of-history.ts"

let ground: Ground
before(async () => {
  ground = await startGround()
})
after(() => ground[Symbol.asyncDispose]())

const kopecks = (roubles: number): number => Math.round(roubles * 100)

const questions: fc.Arbitrary<Question> = fc.record({
  stores: fc.option(fc.subarray(stores, { minLength: 1 }), { nil: undefined }),
  categories: fc.option(fc.subarray(categories.slice(0, 2), { minLength: 1 }), { nil: undefined }),
  from: fc.constantFrom("2026-01-20", "2026-02-01", "2026-02-14"),
  to: fc.constantFrom("2026-02-14", "2026-02-28", "2026-03-01", "2026-03-25"),
})

const rangeOf = ({ from, to }: Question) => ({ "filter[range]": "custom", "filter[rangeFrom]": from, "filter[rangeTo]": to })
const queryOf = (question: Question) => ({
  ...rangeOf(question),
  ...(question.stores === undefined ? {} : { "filter[stores][]": question.stores }),
  ...(question.categories === undefined ? {} : { "filter[categories][]": question.categories }),
})

/** Related ids with the amounts of a list, in kopecks; what came to nothing left out. */
const amountsBy = (answer: Answer, relation: string, attribute: string): Record<string, number> =>
  nothingLeftOut(
    answer.body.data.map((row: { attributes: Record<string, number>; relationships: Record<string, { data: { id: string } | null }> }) => [
      row.relationships[relation]?.data?.id ?? "",
      kopecks(row.attributes[attribute] ?? 0),
    ]),
  )
const nothingLeftOut = (entries: readonly (readonly [string, number])[]): Record<string, number> =>
  Object.fromEntries(entries.filter(([, value]) => value !== 0).toSorted(([a], [b]) => (a < b ? -1 : 1)))

async function assertFigures(shop: number, truth: ReturnType<typeof oracle>, question: Question): Promise<void> {
  const get: Get = async (path, query = queryOf(question)) => {
    const answer = await ground.get(shop, path, query)
    assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`)
    return answer
  }
  const plain = { ...question, categories: undefined }
  const { attributes } = (await get("/v1/stats/stores/general")).body.data
  const expected = truth.general(question)
  assert.deepEqual(
    {
      revenue: kopecks(attributes.revenue),
      money: kopecks(attributes.paymentsRevenue),
      profit: kopecks(attributes.profit),
      orders: attributes.ordersQty,
      returnedOrders: attributes.ordersReturnedQty,
      returned: kopecks(attributes.ordersReturnedAmount),
      discount: kopecks(attributes.discountAmount),
      checks: attributes.checksPrinted,
      accrued: attributes.bonusesAccrued,
      spent: attributes.bonusesSpent,
      cash: kopecks(attributes.cashboxAmount),
      isNegative: attributes.negativeBalance,
    },
    expected,
    "general",
  )
  assert.deepEqual(
    amountsBy(await get("/v1/stats/stores/workers"), "worker", "salesAmount"),
    nothingLeftOut(Object.entries(truth.workers(question))),
    "workers",
  )
  assert.deepEqual(
    amountsBy(await get("/v1/stats/stores/sources"), "source", "amount"),
    nothingLeftOut(Object.entries(truth.sources(question))),
    "sources",
  )
  assert.deepEqual(
    amountsBy(await get("/v1/stats/stores/payments"), "paymentMethod", "amount"),
    nothingLeftOut(Object.entries(truth.methods(plain))),
    "methods",
  )

  const series = await get("/v1/stats/stores/revenue")
  const byDay = Object.entries(truth.revenueByDay(question))
  const isByMonth = series.body.meta.step === "month"
  const steps = Map.groupBy(byDay, ([day]) => (isByMonth ? `${day.slice(0, 7)}-01` : day))
  assert.deepEqual(
    nothingLeftOut(
      series.body.data.map((row: { attributes: { date: string; amount: number } }) => [
        row.attributes.date,
        kopecks(row.attributes.amount),
      ]),
    ),
    nothingLeftOut([...steps].map(([step, days]) => [step, days.reduce((sum, [, amount]) => sum + amount, 0)])),
    "revenue",
  )
  const profits = await get("/v1/stats/stores/profit")
  assert.equal(
    profits.body.data.reduce((sum: number, row: { attributes: { amount: number } }) => sum + kopecks(row.attributes.amount), 0),
    expected.profit,
    "profit step by step",
  )
  await assertStock(truth, plain, get)
}

type Get = (path: string, query?: Record<string, string | readonly string[]>) => Promise<Answer>

async function assertStock(truth: ReturnType<typeof oracle>, asked: Question, get: Get): Promise<void> {
  const question = { ...asked, stores: asked.stores ?? stores }
  const query = { ...rangeOf(question), "filter[stores][]": question.stores }
  const expected = truth.stock(question)
  const base = (await get("/v1/stats/stores/stats-warehouse-base", query)).body
  assert.deepEqual(
    {
      receipts: base.data.attributes.packingInvoicesCount,
      writeOffs: base.data.attributes.writeOffInvoicesCount,
      counts: base.data.attributes.inventoryActsCount,
      shortages: kopecks(base.data.attributes.shortages),
      surpluses: kopecks(base.data.attributes.surpluses),
      balanceCost: kopecks(base.meta.reminder),
    },
    {
      receipts: expected.receipts,
      writeOffs: expected.writeOffs,
      counts: expected.counts,
      shortages: expected.shortages,
      surpluses: expected.surpluses,
      balanceCost: expected.balanceCost,
    },
    "warehouse",
  )
  const reasons = await get("/v1/stats/stores/write-off-stats", query)
  assert.deepEqual(amountsBy(reasons, "reason", "amount"), nothingLeftOut(Object.entries(expected.byReason)), "write-offs by reason")
  const received = await get("/v1/stats/stores/packing-invoice", query)
  assert.deepEqual(amountsBy(received, "category", "amount"), nothingLeftOut(Object.entries(expected.byCategory)), "receipts by category")
  assert.equal(kopecks(received.body.meta.total), expected.receiptCost)
  const top = await get("/v1/stats/stores/stats-warehouse-top-items", query)
  assert.deepEqual(amountsBy(top, "item", "amount"), nothingLeftOut(Object.entries(expected.writtenOffItems)), "write-offs by item")

  const debts = truth.debts(question)
  const { meta, data } = (await get("/v1/stats/stores/debts", { "filter[range]": "month", "filter[stores][]": question.stores })).body
  assert.deepEqual(
    {
      prepaid: kopecks(meta.prepaymentsAmount),
      budget: kopecks(meta.ordersBudgetAmount),
      debt: kopecks(meta.customersDebtAmount),
      debtors: meta.ordersDebtQty,
      points: meta.bonusesAmount,
      due: nothingLeftOut(data.map((row: { attributes: { date: string; qty: number } }) => [row.attributes.date, row.attributes.qty])),
    },
    { ...debts, due: nothingLeftOut(Object.entries(debts.due)) },
    "debts",
  )
  const [store = ""] = question.stores
  const shown = truth.showcase({ ...question, stores: [store] })
  const showcase = (await get(`/v1/stores/${store}/showcase-stats`, rangeOf(question))).body
  assert.deepEqual(
    {
      sold: showcase.data.attributes.soldBouquetsCount,
      revenue: kopecks(showcase.data.attributes.revenue),
      profit: kopecks(showcase.data.attributes.profit),
      delivered: showcase.data.attributes.deliveredBouquetsCount,
      there: showcase.meta.onShowcase.count,
      thereAmount: kopecks(showcase.meta.onShowcase.amount),
    },
    {
      sold: shown.sold,
      revenue: shown.revenue,
      profit: shown.profit,
      delivered: shown.delivered,
      there: shown.there,
      thereAmount: shown.thereAmount,
    },
    "showcase",
  )
  const days = (await get(`/v1/stores/${store}/showcase-days-stats`, rangeOf(question))).body.data.attributes
  assert.deepEqual(
    nothingLeftOut(Object.entries<number>(days).filter(([name]) => name.startsWith("hour"))),
    nothingLeftOut(Object.entries(shown.byHour)),
    "hours",
  )
  const flowers = await get(`/v1/stores/${store}/showcase-top-flowers-stats`, rangeOf(question))
  const shared = Object.values(amountsBy(flowers, "item", "revenue")).reduce((sum, amount) => sum + amount, 0)
  assert.equal(shared, shown.flowerRevenue, "flowers share the whole price")
}

test(
  "in any order of arrival, with repetitions, the figures are a count over the raw events, to the kopeck",
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, fc.array(questions, { minLength: 1, maxLength: 1 }), async ({ told, arriving }, asked) => {
        const shop = await ground.openShop()
        await ground.tell(shop, arriving)
        const truth = oracle(told)
        for (const question of asked) await assertFigures(shop, truth, question)
      }),
      { numRuns: 15 },
    )
  },
)

test("built anew is the same as grown event by event, and the same as in the order of sending", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(arrivals, async ({ told, arriving }) => {
      const [shuffled, straight] = [await ground.openShop(), await ground.openShop()]
      await ground.tell(shuffled, arriving)
      await ground.tell(straight, told)
      const grown = await ground.dump(shuffled)
      assert.deepEqual(grown, await ground.dump(straight))
      const { facts } = await rebuild(await ground.fleet.shop(shuffled), { signal: new AbortController().signal })
      assert.equal(facts, told.length, "every event is in the log once")
      assert.deepEqual(await ground.dump(shuffled), grown)
      const { rows } = await ground.platform.shard.query("SELECT side FROM reports.projection WHERE shop_id = $1", [shuffled])
      assert.equal(rows[0].side, 1, "the other side is read now")
    }),
    { numRuns: 8 },
  )
})

test("while projections are built anew, events go on arriving and reads never see less than before", async () => {
  const shop = await ground.openShop()
  const [first = [], second = []] = fc.sample(fc.tuple(history, history), { numRuns: 1, seed: 5 })[0] ?? []
  // The ids of the two histories are the same, so the second one's facts are told as others.
  const others = JSON.parse(JSON.stringify(second).replaceAll("00000063-0000-4000", "00000064-0000-4000")) as typeof second
  const later = others.map((event) => ({ ...event, occurredAt: new Date(event.occurredAt) }))
  await ground.tell(shop, first)
  const all = { stores: undefined, categories: undefined, from: "2026-01-20", to: "2026-03-25" }
  const open = await ground.fleet.shop(shop)
  let steps = 0
  await rebuild(open, {
    signal: new AbortController().signal,
    onStep: async () => {
      steps++
      if (steps === 1) await assertFigures(shop, oracle(first), all)
    },
  })
  await Promise.all([ground.tell(shop, later), rebuild(open, { signal: new AbortController().signal })])
  await assertFigures(shop, oracle([...first, ...later]), all)
  const grown = await ground.dump(shop)
  await rebuild(open, { signal: new AbortController().signal })
  assert.deepEqual(await ground.dump(shop), grown)
})

test("of several rebuilds of one shop at once one goes through, and the figures stay", async () => {
  const shop = await ground.openShop()
  const told = fc.sample(history, { numRuns: 1, seed: 9 })[0] ?? []
  await ground.tell(shop, told)
  const grown = await ground.dump(shop)
  const open = await ground.fleet.shop(shop)
  for (let round = 0; round < 5; round++) {
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => rebuild(open, { signal: new AbortController().signal })))
    assert.ok(outcomes.some(({ status }) => status === "fulfilled"))
    assert.deepEqual(await ground.dump(shop), grown)
  }
})

// Killed at any step of a flow, between what it did here and what another service or the bank did: whoever goes on (the client, the agenda) ends in the same state, and
// everything has happened once.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import type { Surroundings } from "@florist/kit/app"
import type { OpenShop } from "@florist/kit/fleet"
import { newId } from "@florist/kit/id"
import fc from "fast-check"
import { workOffOnce } from "../src/agenda.ts"
import { methodId } from "../src/payment-method.ts"
import { agendaHandlers, payments } from "../src/service.ts"
import { shops, startScene } from "./scene.ts"
import type { Scene } from "./scene.ts"

let scene: Scene
before(async () => {
  scene = await startScene({ bank: "simulated" })
  await setTime(new Date("2026-03-08T09:00:00Z"))
})
after(() => scene[Symbol.asyncDispose]())

class Killed extends Error {}

/** Counts what a process does outside of itself, and dies before or after the n-th of it. */
class Life {
  #left: number
  constructor(steps: number) {
    this.#left = steps
  }

  async step<T>(work: () => Promise<T>): Promise<T> {
    this.#breathe()
    const result = await work()
    this.#breathe()
    return result
  }

  #breathe(): void {
    if (this.#left-- <= 0) throw new Killed()
  }
}

function livingIn(life: Life): Surroundings {
  const { surroundings } = scene
  const peers = Object.assign(Object.create(surroundings.peers) as Surroundings["peers"], {
    ask: (request: never) => life.step(() => surroundings.peers.ask(request)),
  })
  const open = (shop: OpenShop): OpenShop => ({
    ...shop,
    query: (text, values) => life.step(() => shop.query(text, values)),
    write: (work) => life.step(() => shop.write(work)),
  })
  const fleet = { ...surroundings.fleet, shop: async (id: number) => open(await surroundings.fleet.shop(id)) }
  return { ...surroundings, peers, fleet }
}

interface Request {
  operation: string
  params: Record<string, string>
  body: object
}

/** One process takes the request and may die of it. */
async function takenBy(life: Life, { operation: id, params, body }: Request): Promise<"done" | "killed"> {
  const surroundings = livingIn(life)
  const operation = payments.operations(surroundings).find((each) => each.id === id)
  assert.ok(operation?.body && operation.params)
  const asked = {
    params: operation.params.parse(params),
    body: operation.body.parse(body),
    query: {},
    session: { shop: shops.rose, worker: newId(), role: "owner" },
    now: scene.platform.clock.now(),
    signal: new AbortController().signal,
    shop: await surroundings.fleet.shop(shops.rose),
    key: undefined,
  }
  return survives(() => (operation.handle as (asked: object) => Promise<unknown>)(asked))
}

async function survives(work: () => Promise<unknown>): Promise<"done" | "killed"> {
  try {
    await work()
    return "done"
  } catch (cause) {
    if (cause instanceof Killed) return "killed"
    throw cause
  }
}

/** A process that works off the agenda and may die of it. */
async function agendaOf(life: Life): Promise<void> {
  await later()
  await workOffOnce(scene.surroundings, agendaHandlers(livingIn(life), new AbortController().signal))
}

async function setTime(at: Date): Promise<void> {
  scene.platform.clock.set(at)
  await scene.bank?.simulate("clock", { at: at.toISOString() })
}
const later = () => setTime(new Date(scene.platform.clock.now().getTime() + 61_000))

/** More than any of the flows takes. */
const mostSteps = 16
/** How long each process lives, and whether the client or the agenda is the next one. */
const lives = fc.array(fc.record({ steps: fc.nat(mostSteps), who: fc.constantFrom("client", "agenda") }), { minLength: 1, maxLength: 4 })
const forever = 1_000

async function carryOut(request: Request, processes: readonly { steps: number; who: string }[]): Promise<void> {
  await takenBy(new Life(processes[0]?.steps ?? 0), request)
  for (const { steps, who } of processes.slice(1)) {
    if (who === "client") await takenBy(new Life(steps), request)
    else await agendaOf(new Life(steps))
  }
  assert.equal(await takenBy(new Life(forever), request), "done")
  await agendaOf(new Life(forever))
  await agendaOf(new Life(forever))
}

const count = async (sql: string, id: string) => (await scene.rows(sql, [id])).length

test("points are taken once and recorded once, wherever the processes died", async () => {
  await fc.assert(
    fc.asyncProperty(lives, async (processes) => {
      const id = newId()
      const order = scene.order(100_000)
      const before = scene.loyalty.balance
      await carryOut(
        {
          operation: "createOrderPayment",
          params: { id: order.id },
          body: {
            data: {
              id,
              attributes: { paymentType: "payment", amount: 300 },
              relationships: { method: { data: { id: methodId(shops.rose, "bonus") } } },
            },
          },
        },
        processes,
      )
      assert.equal(scene.loyalty.balance, before - 300)
      assert.equal(await count("SELECT FROM payments.payment WHERE sale_id = $1", order.id), 1)
      assert.equal(await count("SELECT FROM payments.journal_line WHERE account = 'sales:' || $1", order.id), 1)
      assert.equal(await count("SELECT FROM payments.outbox WHERE subject = $1", id), 1)
      assert.equal(await count("SELECT FROM payments.agenda WHERE id = $1", id), 0)
    }),
    { numRuns: 25 },
  )
})

test("wherever the only process died, the agenda leaves no points that were taken and not recorded", async () => {
  const ends: number[] = []
  for (let steps = 0; steps <= mostSteps; steps++) {
    const id = newId()
    const order = scene.order(100_000)
    const before = scene.loyalty.balance
    const body = {
      data: {
        id,
        attributes: { paymentType: "payment", amount: 300 },
        relationships: { method: { data: { id: methodId(shops.rose, "bonus") } } },
      },
    }
    await takenBy(new Life(steps), { operation: "createOrderPayment", params: { id: order.id }, body })
    await agendaOf(new Life(forever))
    const recorded = await count("SELECT FROM payments.payment WHERE id = $1", id)
    assert.equal(before - scene.loyalty.balance, recorded * 300, `died after ${steps} steps`)
    ends.push(recorded)
  }
  assert.deepEqual([ends[0], ends.at(-1)], [0, 1])
})

test("a QR payment is registered once, its refund is made once, wherever the processes died", async () => {
  await fc.assert(
    fc.asyncProperty(lives, lives, async (making, refunding) => {
      const id = newId()
      const order = scene.order(100_000)
      const body = { data: { id, attributes: { expiresIn: 86_400 } } }
      await carryOut({ operation: "createQrPayment", params: { id: order.id }, body }, making)
      const registered = (await codesOfBank()).filter((qr) => qr.order === id)
      assert.equal(registered.length, 1)
      await scene.bank?.simulate(`qrs/${registered[0]?.id}/pay`, { outcome: "success" })
      await agendaOf(new Life(forever))

      const before = await kept()
      const refund = { data: { id: newId(), attributes: { amount: 400 } } }
      await carryOut({ operation: "refundPayment", params: { paymentId: id }, body: refund }, refunding)
      assert.equal((await kept()) - before, -40_000)
      const [row] = await scene.rows("SELECT state, received::int, refunded::int FROM payments.qr_payment WHERE id = $1", [id])
      assert.deepEqual(row, { state: "partially_refunded", received: 100_000, refunded: 40_000 })
      assert.equal(await count("SELECT FROM payments.outbox WHERE subject = $1", refund.data.id), 1)
    }),
    { numRuns: 15 },
  )
})

async function codesOfBank(): Promise<{ id: string; order: string }[]> {
  assert.ok(scene.bank)
  const { qrs } = await scene.bank.simulate("qrs")
  return qrs as { id: string; order: string }[]
}

async function kept(): Promise<number> {
  const totals = await scene.bank?.simulate("merchants/MA0000000017/totals")
  return Number(totals?.kept)
}

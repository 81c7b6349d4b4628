// What Florist's clients do all day, as the witness plays it. Every request is one that each version has to answer; a payment by QR is
// the exception that the first version may refuse. Given to the witness by the demo; FLORIST_SHOPS says how many shops there are.
import { createHash } from "node:crypto"
import type { Answer, RequestSpec, Scenario, SlowBody, WeightedRequest } from "@conveyor/witness/scenario"

type Chance = Parameters<WeightedRequest["make"]>[0]

const seasonStart = "2026-01-01"
const receiptBytes = { from: 20_000, to: 200_000 }
const uploadMs = { from: 1_000, to: 4_000 }
const receiptPieces = 8

export function floristScenario({ shops }: { shops: number }): Scenario {
  const taken = new TakenPayments()
  const anyShop = (chance: Chance) => 1 + chance.below(shops)

  const items = (chance: Chance) => get(`/api/v1/catalog/items?shop=${anyShop(chance)}`)
  const item = (chance: Chance) => get(`/api/v1/catalog/items/${1 + chance.below(10)}?shop=${anyShop(chance)}`)
  const list = (chance: Chance) => get(`/api/v1/payments?shop=${anyShop(chance)}&limit=20`)
  const summary = (chance: Chance) => get(`/api/v1/payments/summary?shop=${anyShop(chance)}&since=${seasonStart}`)
  const readBack = (chance: Chance) => taken.readOne(chance) ?? list(chance)
  const pay = (chance: Chance) => taken.pay(anyShop(chance), methodOf(chance), chance)
  const payByQr = (chance: Chance) => taken.payByQr(anyShop(chance), chance)
  const receipt = (chance: Chance) => uploadReceipt(anyShop(chance), chance)

  return {
    name: "florist",
    requests: [
      { weight: 22, make: items },
      { weight: 8, make: item },
      { weight: 16, make: list },
      { weight: 12, make: summary },
      { weight: 14, make: readBack },
      { weight: 22, make: pay },
      { weight: 5, make: payByQr },
      { weight: 1, make: receipt },
    ],
    page: {
      document: "/",
      calls: [
        { weight: 1, make: () => get("/assets/kassa.js", hasText) },
        { weight: 4, make: items },
        { weight: 4, make: list },
        { weight: 2, make: summary },
        { weight: 4, make: pay },
      ],
      thinkMs: { from: 500, to: 3_000 },
      eventStream: { path: "/api/v1/payments/feed?shop=1", silentForMs: 15_000 },
      webSocket: {
        path: "/api/v1/payments/terminal?shop=1",
        silentForMs: 15_000,
        say: { everyMs: 3_000, message: (chance) => JSON.stringify({ type: "ping", n: chance.below(1_000) }) },
      },
    },
  }
}

/** Payments that were acknowledged a while ago, so that each can be asked for again, of whatever version serves then. */
class TakenPayments {
  readonly #remembered = 2_000
  readonly #taken: { shop: number; id: string }[] = []

  pay(shop: number, method: { method: string; providerRef?: string }, chance: Chance): RequestSpec {
    return this.#post(shop, { ...method, amount: amountOf(chance) }, chance)
  }

  payByQr(shop: number, chance: Chance): RequestSpec {
    const [bonus, qr] = [amountOf(chance), amountOf(chance)]
    const tenders = [
      { method: "bonus", amount: bonus },
      { method: "qr", amount: qr, providerRef: `AD${chance.below(1e9)}` },
    ]
    const spec = this.#post(shop, { tenders, amount: bonus + qr }, chance)
    const check = (answer: Answer) => {
      // The version before tenders names what it does not know; any other refusal is a fault.
      if (answer.status === 422 && !answer.body.includes("tenders")) throw new Error(`refused: ${answer.body.toString().slice(0, 200)}`)
      hasJson(answer)
    }
    return { ...spec, expect: [200, 201, 422], check }
  }

  /** Undefined until something was taken. */
  readOne(chance: Chance): RequestSpec | undefined {
    if (this.#taken.length === 0) return undefined
    const { shop, id } = chance.pick(this.#taken)
    return get(`/api/v1/payments/${id}?shop=${shop}`, (answer) => {
      const { id: found } = hasJson(answer) as { id?: string }
      if (found !== id) throw new Error(`asked for payment ${id}, got ${found}`)
    })
  }

  #post(shop: number, how: object, chance: Chance): RequestSpec {
    const id = chance.uuid()
    return {
      method: "POST",
      path: "/api/v1/payments",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id, shop, order: chance.uuid(), currency: "RUB", cashier: "witness", ...how }),
      expect: [200, 201],
      check: (answer) => void hasJson(answer),
      acknowledged: ({ status }) => {
        if (status === 422) return undefined
        this.#remember({ shop, id })
        return { store: "payments.payment", key: `${shop}/${id}` }
      },
    }
  }

  #remember(payment: { shop: number; id: string }): void {
    this.#taken.push(payment)
    if (this.#taken.length > this.#remembered) this.#taken.shift()
  }
}

function uploadReceipt(shop: number, chance: Chance): RequestSpec {
  const payment = chance.uuid()
  const picture = Buffer.alloc(Math.floor(chance.between(receiptBytes)), payment)
  const sha256 = createHash("sha256").update(picture).digest("hex")
  return {
    method: "POST",
    path: `/api/v1/payments/receipts?shop=${shop}&payment=${payment}`,
    headers: { "content-type": "image/jpeg" },
    body: { pieces: piecesOf(picture), overMs: Math.floor(chance.between(uploadMs)) } satisfies SlowBody,
    check: (answer) => {
      const kept = hasJson(answer) as { sha256?: string }
      if (kept.sha256 !== sha256) throw new Error(`sent ${sha256}, kept ${kept.sha256}`)
    },
    acknowledged: () => ({ store: "payments.receipt", key: `${shop}/${payment}` }),
  }
}

function piecesOf(picture: Buffer): Uint8Array[] {
  const size = Math.ceil(picture.length / receiptPieces)
  return Array.from({ length: receiptPieces }, (_, i) => picture.subarray(i * size, (i + 1) * size))
}

function get(path: string, check: (answer: Answer) => void = hasJson): RequestSpec {
  return { method: "GET", path, expect: [200], check }
}

function hasJson({ body }: Answer): unknown {
  return JSON.parse(body.toString("utf8"))
}

function hasText({ body }: Answer): void {
  if (body.length === 0) throw new Error("the file is empty")
}

function amountOf(chance: Chance): number {
  return 10_000 + chance.below(900) * 1_000
}

function methodOf(chance: Chance): { method: string; providerRef?: string } {
  const method = chance.pick(["cash", "card", "card", "card", "bonus", "gift_card"])
  return method === "card" ? { method, providerRef: String(100_000_000_000 + chance.below(1e9)) } : { method }
}

export default floristScenario({ shops: Number(process.env.FLORIST_SHOPS ?? 8_500) })

// Both versions of the service, as processes, on one real database between expand and contract.
import assert from "node:assert/strict"
import { randomUUID } from "node:crypto"
import { after, before, test } from "node:test"
import { shop, startCopy, startPlatform } from "./platform.ts"
import type { Copy, Platform } from "./platform.ts"

let platform: Platform
let v1: Copy
let v2: Copy

before(async () => {
  platform = await startPlatform()
  ;[v1, v2] = await Promise.all([startCopy({ version: "v1", ...platform }), startCopy({ version: "v2", ...platform })])
})

after(async () => {
  await Promise.all([v1[Symbol.asyncDispose](), v2[Symbol.asyncDispose]()])
  await platform[Symbol.asyncDispose]()
})

test("a payment of v1 is read by v2, and one of v2 by v1, with the same words", async () => {
  for (const [writer, reader] of [
    [v1, v2],
    [v2, v1],
  ] as const) {
    const request = payment({ method: "card", providerRef: "rrn:42" })
    const taken = await post(writer, request)
    assert.equal(taken.status, 201)
    const read = await get(reader, `/api/v1/payments/${request.id}?shop=${shop}`)
    assert.equal(read.status, 200)
    assert.deepEqual(read.body, taken.body)
  }
})

test("v1 shows what only v2 can take: a payment by several methods, QR among them", async () => {
  const request = payment({
    tenders: [
      { method: "bonus", amount: 50_000 },
      { method: "qr", amount: 100_000, providerRef: "AD10006" },
    ],
  })
  assert.equal((await post(v2, request)).status, 201)
  const read = await get(v1, `/api/v1/payments/${request.id}?shop=${shop}`)
  assert.equal(read.body.method, "mixed")
  assert.deepEqual(
    read.body.tenders.map((tender: { method: string; providerRef: string | null }) => [tender.method, tender.providerRef]),
    [
      ["bonus", null],
      ["qr", "AD10006"],
    ],
  )
  assert.equal((await post(v1, { ...request, id: randomUUID() })).status, 422)
})

test("asking again for the same payment gives the same answer and pays once; asking for another with its id is a conflict", async () => {
  const request = payment({ method: "cash" })
  const first = await post(v2, request)
  const again = await post(v2, request)
  assert.deepEqual([first.status, again.status], [201, 200])
  assert.deepEqual(again.body, first.body)
  assert.deepEqual([(await post(v1, request)).status, await rowsOf(request.id)], [200, 1])

  const other = await post(v2, { ...request, method: "card" })
  assert.equal(other.status, 409)
  assert.equal(other.body.errors[0].source, "body.tenders")
  assert.equal((await post(v2, { ...request, note: "x" })).status, 409)
})

test("rivals with one id write one payment: one is told that it is new, the same are told the same, others conflict", async () => {
  const request = payment({ method: "cash" })
  const split = {
    ...payment({
      tenders: [
        { method: "cash", amount: 1 },
        { method: "card", amount: 149_999 },
      ],
    }),
    id: request.id,
  }
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, i) => (i % 3 === 2 ? post(v2, split) : post(i % 3 === 0 ? v1 : v2, request))),
  )
  const statuses = answers.map(({ status }) => status)
  assert.equal(statuses.filter((status) => status === 201).length, 1)
  assert.deepEqual(new Set(statuses), new Set([200, 201, 409]))
  const winner = (await get(v2, `/api/v1/payments/${request.id}?shop=${shop}`)).body
  assert.equal(await rowsOf(request.id), winner.tenders.length)
  assert.equal(winner.amount, 150_000)
})

test("the list gives every payment once, newest first, page by page", async () => {
  const ids: string[] = []
  for (let i = 0; i < 7; i++) {
    // Several at one moment, so that the id decides.
    const request = payment({ method: "cash", occurredAt: `2031-03-08T09:30:0${i >> 1}.000Z` })
    await post(v2, request)
    ids.push(request.id)
  }
  const seen: string[] = []
  let before = ""
  while (seen.length < ids.length) {
    const { body } = await get(v1, `/api/v1/payments?shop=${shop}&limit=3${before}`)
    seen.push(...body.payments.map(({ id }: { id: string }) => id))
    before = `&before=${encodeURIComponent(body.next)}`
  }
  assert.deepEqual(new Set(seen.slice(0, 7)), new Set(ids))
})

test("both versions sum a shop in the same way", async () => {
  await post(v2, payment({ method: "qr", providerRef: "AD1" }))
  const path = `/api/v1/payments/summary?shop=${shop}&since=2001-01-01`
  const [old, fresh] = await Promise.all([get(v1, path), get(v2, path)])
  const byMethod = ({ methods }: { methods: { method: string }[] }) => methods.sort((a, b) => a.method.localeCompare(b.method))
  assert.deepEqual(byMethod(old.body), byMethod(fresh.body))
  assert.equal(old.body.taken, fresh.body.taken)
})

test("a receipt is kept by its hash and size, also when it comes twice", async () => {
  const path = `/api/v1/payments/receipts?shop=${shop}&payment=${randomUUID()}`
  const picture = Buffer.alloc(300_000, "receipt")
  const answers = [await upload(path, picture), await upload(path, picture)]
  for (const { status, body } of answers) assert.deepEqual([status, body.bytes, body.sha256.length], [201, 300_000, 64])
  assert.equal((await upload(path, Buffer.alloc(0))).status, 422)
  assert.equal((await upload(path, Buffer.alloc(5 * 1024 * 1024 + 1))).status, 413)
})

test("the status names the version, its columns and the test client's state", async () => {
  await post(v2, payment({ method: "cash" }))
  for (const [copy, version, columns] of [
    [v1, "v1", ["method"]],
    [v2, "v2", ["method_code", "provider_ref"]],
  ] as const) {
    const { status, body } = await post(copy, { client: shop }, "/api/v1/status")
    assert.equal(status, 200)
    assert.deepEqual([body.service, body.version, body.release, body.client.shop], ["payments", version, `release-${version}`, shop])
    assert.deepEqual(body.schema.reliesOn["payments.payment"].slice(-columns.length), columns)
    assert.ok(body.client.payments > 0)
  }
})

test("whatever a client sends, it is refused with 4xx and never breaks the service", async () => {
  const request = payment({ method: "cash" })
  const bodies: unknown[] = [
    ...[null, [], "x", 7, {}].map((body) => body),
    ...["id", "shop", "order", "amount", "currency", "method"].flatMap((field) =>
      [null, "", "\u0000", {}, [], -1, 1e308, "'; DROP TABLE payments.payment; --"].map((value) => ({ ...request, [field]: value })),
    ),
    { ...request, note: "a\u0000b" },
    { ...request, providerRef: "x\u0000" },
    { ...request, occurredAt: "0000-01-01T00:00:00Z" },
    { ...request, __proto__: null, unknown: true },
    { ...request, shop: Number.MAX_SAFE_INTEGER },
  ]
  const paths = [
    "/api/v1/payments",
    `/api/v1/payments?shop=${shop}&limit=0`,
    `/api/v1/payments?shop=${shop}&before=~`,
    `/api/v1/payments?shop=${shop}&before=0000-01-01T00:00:00Z~${randomUUID()}`,
    `/api/v1/payments?shop=${shop}&shop=${shop}`,
    `/api/v1/payments?shop=99999999999999999999`,
    `/api/v1/payments/%00?shop=${shop}`,
    `/api/v1/payments/%zz?shop=${shop}`,
    `/api/v1/payments/${randomUUID()}?shop=1`,
    `/api/v1/payments/summary?shop=${shop}&since=NaN`,
    `/api/v1/payments/feed?shop=-1`,
    `/api/v1/payments/terminal?shop=x`,
  ]
  for (const copy of [v1, v2]) {
    for (const body of bodies) {
      const { status } = await post(copy, body)
      assert.ok(status >= 400 && status < 500, `${status} for ${JSON.stringify(body)}`)
    }
    for (const path of paths) {
      const { status } = await get(copy, path)
      assert.ok(status >= 400 && status < 500, `${status} for ${path}`)
    }
  }
})

function payment(how: object): { id: string } & Record<string, unknown> {
  return { id: randomUUID(), shop, order: randomUUID(), amount: 150_000, currency: "RUB", ...how }
}

async function rowsOf(id: string): Promise<number> {
  const { rowCount } = await platform.shard.query("SELECT FROM payments.payment WHERE id = $1", [id])
  return rowCount ?? 0
}

/** A test reads an answer's body as it expects it to be; a wrong shape fails the test. */
type Answer = { status: number; body: ReturnType<typeof JSON.parse> }

function post(copy: Copy, body: unknown, path = "/api/v1/payments"): Promise<Answer> {
  return ask(copy, path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })
}

function upload(path: string, picture: Buffer): Promise<Answer> {
  return ask(v2, path, { method: "POST", headers: { "content-type": "image/jpeg" }, body: new Uint8Array(picture) })
}

function get(copy: Copy, path: string): Promise<Answer> {
  return ask(copy, path, {})
}

async function ask(copy: Copy, path: string, init: RequestInit): Promise<Answer> {
  const answer = await fetch(copy.url + path, { ...init, signal: AbortSignal.timeout(15_000) })
  return { status: answer.status, body: JSON.parse(await answer.text()) }
}

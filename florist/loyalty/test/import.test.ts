// Imports: files as shops have them, and runs that are cut off anywhere.
import { openFleet } from "@florist/kit/fleet"
import type { OpenShop } from "@florist/kit/fleet"
import { newId } from "@florist/kit/id"
import fc from "fast-check"
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { shops } from "../../kit/test/platform.ts"
import { importStep } from "../src/importer.ts"
import { loyalty } from "../src/service.ts"
import { openShop } from "./shop.ts"
import type { Shop } from "./shop.ts"
import { xlsxOf } from "./xlsx.ts"

let shop: Shop
before(async () => {
  shop = await openShop()
})
after(() => shop[Symbol.asyncDispose]())

const form = (content: string | Uint8Array<ArrayBuffer>, fields: Record<string, string> = {}) => {
  const data = new FormData()
  for (const [name, value] of Object.entries(fields)) data.set(name, value)
  data.set("file", new Blob([content]), "customers")
  return data
}
const upload = (body: FormData, more: object = {}) =>
  shop.call("POST", "/v1/customers/import", { body, contentType: "multipart/form-data", ...more })
const validate = (id: string, attributes: object) =>
  shop.call("POST", "/v1/customers/import/{id}/validate", { params: { id }, body: { data: { type: "mapping-customers", attributes } } })
const read = async (id: string) => (await shop.call("GET", "/v1/customers/import/{id}", { params: { id } })).one.attributes

/** Polls the import itself, as a client does. */
async function finished(id: string) {
  for (;;) {
    const attributes = await read(id)
    if (attributes.status === "done") return attributes
    await sleep(20)
  }
}

test("a csv file becomes customers: new ones with their points, known ones changed, wrong rows told with the reason", async () => {
  const known = await shop.customer({ title: "Old name", phone: "9031234567" })
  const csv = [
    "Name;Family;Phone;Mail;Card;Notes;Born;Points;Sex",
    "Herman;Li;8 901 234-56-78;Herman@Example.com;card-1;Famous;16.05.1996;120;м",
    'New;Name;+7 903 123 45 67;;;"two\nlines";1990-01-31;50;ж',
    ";;9000000000;;;;;;",
    "Bad;Mail;;not an address;;;;;",
    "Same;Card;;;card-1;;;;",
    "",
  ].join("\n")
  const created = await upload(form(csv, { format: "csv", delimiter: ";", ignoreFirst: "1" }))
  assert.deepEqual([created.status, created.one.attributes.status, created.one.attributes.total], [200, "created", 5])
  const { id } = created.one
  const mapping = { title: [0, 1], phone: 2, email: 3, bonusCard: 4, notes: [5], birthday: 6, currentPoints: 7, gender: 8 }
  assert.equal(
    (
      await shop.call("POST", "/v1/customers/import/{id}/validate", {
        params: { id },
        request: "malformed",
        body: { data: { attributes: { ...mapping, phone: 9 } } },
      })
    ).status,
    400,
  )
  const started = await shop.call("POST", "/v1/customers/import/{id}/validate", {
    params: { id },
    request: "malformed",
    body: { data: { attributes: mapping } },
  })
  assert.deepEqual([started.status, started.one.attributes.status, started.one.attributes.queue], [200, "waiting", true])
  const done = await finished(id)
  assert.deepEqual([done.created, done.updated, done.failed, done.queue], [1, 2, 2, false])
  const [herman] = (await shop.call("GET", "/v1/customers", { query: { search: "+79012345678" } })).many
  const { title, email, birthday, gender, currentPoints } = herman?.attributes ?? {}
  assert.deepEqual(
    { title, email, birthday, gender, currentPoints },
    { title: "Same Card", email: "herman@example.com", birthday: "1996-05-16", gender: "male", currentPoints: 120 },
  )
  const changed = (await shop.call("GET", "/v1/customers/{id}", { params: { id: known } })).one.attributes
  assert.deepEqual([changed.title, changed.notes, changed.currentPoints], ["New Name", "two\nlines", 0])
  const failed = await shop.call("GET", "/v1/customers/import/{id}/rows", { params: { id }, query: { "filter[outcome]": "failed" } })
  assert.deepEqual(
    failed.many.map(({ attributes }) => attributes.problem),
    ["the row has no name", "email: Invalid email address"],
  )
  assert.equal(
    (
      await shop.call("POST", "/v1/customers/import/{id}/validate", {
        params: { id },
        request: "malformed",
        body: { data: { attributes: mapping } },
      })
    ).status,
    200,
  )
  assert.equal((await validate(id, { title: [1] })).status, 409)
})

test("an xlsx file is read like a csv file, and one in the Cyrillic encoding of Windows too", async () => {
  const xlsx = await upload(
    form(
      xlsxOf([
        ["Имя", "Телефон"],
        ["Ольга", "89051112233"],
      ]),
      { format: "xlsx" },
    ),
  )
  assert.equal(xlsx.status, 200, JSON.stringify(xlsx.body))
  await validate(xlsx.one.id, { title: [0], phone: 1 })
  assert.equal((await finished(xlsx.one.id)).created, 1)
  assert.equal((await shop.call("GET", "/v1/customers", { query: { search: "Ольга" } })).many[0]?.attributes.phone, "9051112233")
  // "Пётр" in windows-1251.
  const cyrillic = await upload(form(Uint8Array.from([0xcf, 0xb8, 0xf2, 0xf0]), { ignoreFirst: "0" }))
  await validate(cyrillic.one.id, { title: [0] })
  assert.equal((await finished(cyrillic.one.id)).created, 1)
  assert.equal((await shop.call("GET", "/v1/customers", { query: { search: "пётр" } })).many.length, 1)
})

test("what cannot be read is refused with what to do instead", async () => {
  for (const format of ["xls", "ods"]) {
    const refused = await upload(form("x", { format }))
    assert.equal(refused.status, 400)
    assert.match(JSON.stringify(refused.errors[0]?.detail), /xlsx or csv/)
  }
  for (const body of [
    form(""),
    form("only names"),
    form("not a zip", { format: "xlsx" }),
    form("a,b", { delimiter: "too long" }),
    new FormData(),
  ])
    assert.equal((await upload(body)).status, 400)
  assert.equal((await upload(form("a\nb"), { as: "florist" })).status, 403)
  assert.equal((await validate(newId(), { title: [0] })).status, 404)
})

test("imports are listed, deleted and hidden from other shops", async () => {
  const { id } = (await upload(form("Name\nSomebody"))).one
  assert.equal((await shop.call("GET", "/v1/customers/import")).many[0]?.id, id)
  assert.equal((await shop.call("GET", "/v1/customers/import/{id}", { params: { id }, shop: shops.neighbour })).status, 404)
  assert.equal((await shop.call("DELETE", "/v1/customers/import/{id}", { params: { id }, shop: shops.neighbour })).status, 404)
  assert.equal((await shop.call("DELETE", "/v1/customers/import/{id}", { params: { id } })).status, 204)
  assert.equal((await shop.call("GET", "/v1/customers/import/{id}", { params: { id } })).status, 404)
  assert.equal((await validate(id, { title: [0] })).status, 404)
})

let dialled = 0

interface Death {
  at: "statement" | "commit"
  after: number
}

/** Fails at its n-th statement or commit, as if the process were killed there. */
function dying(open: OpenShop, { at, after: most }: Death): OpenShop {
  let left = most
  const live = (now: Death["at"]) => {
    if (now === at && left-- === 0) throw new Error("killed")
  }
  return {
    ...open,
    write: (work) =>
      open.write(async (tx) => {
        const query: typeof tx.query = async (text, values) => {
          live("statement")
          return tx.query(text, values)
        }
        const result = await work({ ...tx, query })
        live("commit")
        return result
      }),
  }
}

const death: fc.Arbitrary<Death> = fc.oneof(
  fc.record({ at: fc.constant("statement" as const), after: fc.integer({ min: 0, max: 400 }) }),
  fc.record({ at: fc.constant("commit" as const), after: fc.nat(1) }),
)

test("wherever an import is cut off, and by however many it is run at once, it goes on and takes each row once", async () => {
  // The service that would run it by itself is away; this test is the background.
  await shop.platform.stop("loyalty")
  const fleet = openFleet({ service: "loyalty", directoryUrl: shop.platform.directoryUrl, poolSize: 4 })
  try {
    const open = await fleet.shop(shops.rose)
    await fc.assert(
      fc.asyncProperty(fc.array(death, { maxLength: 4 }), fc.integer({ min: 1, max: 40 }), async (deaths, count) => {
        const importId = newId()
        const phones = Array.from({ length: count }, () => `+7911${String(dialled++).padStart(7, "0")}`)
        await open.write(async (tx) => {
          await tx.query(
            "INSERT INTO loyalty.customer_import (shop_id, id, status, columns, total, mapping, created_by, created_at) VALUES ($1, $2, 'waiting', 3, $3, $4, 'w', now())",
            [tx.shop, importId, count, JSON.stringify({ title: [0], phone: 1, currentPoints: 2 })],
          )
          await tx.query("INSERT INTO loyalty.import_queue (shop_id, import_id) VALUES ($1, $2)", [tx.shop, importId])
          for (const [place, phone] of phones.entries())
            await tx.query("INSERT INTO loyalty.customer_import_row (shop_id, import_id, place, id, fields) VALUES ($1, $2, $3, $4, $5)", [
              tx.shop,
              importId,
              place,
              newId(),
              JSON.stringify([`Row ${place}`, phone, "5"]),
            ])
        })
        for (const one of deaths) {
          const killed = dying(open, one)
          await (async () => {
            while ((await importStep(killed, importId, new Date())) === "more");
          })().catch((cause: unknown) => assert.match(String(cause), /killed/))
        }
        const runToTheEnd = async () => {
          while ((await importStep(open, importId, new Date())) === "more");
        }
        await Promise.all([runToTheEnd(), runToTheEnd()])
        const [told] = await shop.rows(
          "SELECT status, created + updated + failed AS done, created, total FROM loyalty.customer_import WHERE id = $1",
          [importId],
        )
        assert.deepEqual([told?.status, told?.done], ["done", count])
        const [made] = await shop.rows(
          `SELECT count(DISTINCT customer.id)::int AS customers, coalesce(sum(entry.points), 0)::int AS points, count(entry.id)::int AS entries
           FROM loyalty.customer_import_row row JOIN loyalty.customer ON customer.id = row.id
           LEFT JOIN loyalty.loyalty_entry entry ON entry.shop_id = customer.shop_id AND entry.customer_id = customer.id WHERE row.import_id = $1`,
          [importId],
        )
        assert.deepEqual(made, { customers: told?.created, points: Number(told?.created) * 5, entries: told?.created })
        assert.deepEqual(await shop.rows("SELECT * FROM loyalty.import_queue WHERE import_id = $1", [importId]), [])
      }),
      { numRuns: 10, endOnFailure: true },
    )
  } finally {
    await fleet.close()
    await shop.platform.start(loyalty)
  }
})

import assert from "node:assert/strict"
import { test } from "node:test"
import { newId } from "@florist/kit/id"
import { orderIn } from "./order-input.ts"

const order = (attributes: object, relationships: object) => orderIn.parse({ data: { type: "orders", attributes, relationships } })

test("what published programs send is understood: yes and no as text, null for no relationship and for an id to be made", () => {
  const item = newId()
  const read = order(
    { delivery: "true", fiscal: "false" },
    {
      customer: null,
      discounts: null,
      images: null,
      lines: {
        data: [{ id: null, attributes: { qty: "1.00" }, relationships: { item: { data: { id: item } }, bouquet: { data: null } } }],
      },
    },
  )
  assert.deepEqual([read.delivery, read.fiscal, read.customer, read.discounts, read.images], [true, false, null, [], []])
  assert.deepEqual(
    read.lines?.map(({ id, item: of, bouquet }) => [id, of, bouquet]),
    [[undefined, item, null]],
  )
  assert.throws(() => order({ delivery: "perhaps" }, {}))
})

test("bouquets that are named without lines become lines of one each, and those that have one do not get another", () => {
  const [one, other] = [newId(), newId()]
  const named = { data: [one, other].map((id) => ({ type: "bouquets", id })) }
  const bouquets = (relationships: object) => order({}, relationships).lines?.map(({ bouquet }) => bouquet)
  assert.deepEqual(bouquets({ bouquets: named }), [one, other])
  assert.deepEqual(
    bouquets({ bouquets: named, lines: { data: [{ attributes: { qty: 1 }, relationships: { bouquet: { data: { id: one } } } }] } }),
    [one, other],
  )
  assert.equal(bouquets({}), undefined)
})

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import fc from "fast-check"
import { SseParser } from "./sse-parser.ts"

const stream = `retry: 500\n: heartbeat\n\nevent: notice\ndata: {"reloadBy":1}\n\ndata: букет\r\ndata:two\r\n\r\nevent: conveyor-close\n\n`
const events = [
  { event: "notice", data: '{"reloadBy":1}' },
  { event: "message", data: "букет\ntwo" },
  { event: "conveyor-close", data: "" },
]

describe("server-sent events", () => {
  test("are read whole however the network cuts them", () => {
    const bytes = Buffer.from(stream)
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        const parser = new SseParser()
        const seen = places.slice(1).flatMap((end, n) => parser.push(bytes.subarray(places[n], end)))
        assert.deepEqual(seen, events)
      }),
    )
  })

  test("an event that has not ended is not yet one", () => {
    assert.deepEqual(new SseParser().push(Buffer.from("data: half\n")), [])
  })
})

import assert from "node:assert/strict"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { setTimeout as pause } from "node:timers/promises"
import type { ClientResponse } from "../client/client-response.ts"
import type { Answer } from "../upstream/answer.ts"
import { SlowReader } from "./slow-reader.ts"
import { Spools } from "./spools.ts"

test("however many parts come of one read while the client does not take them, all reach it, in order", async () => {
  const directory = await mkdtemp(join(tmpdir(), "conveyor-spool-"))
  try {
    for (let round = 0; round < 5; round++) {
      let drained = () => {}
      const heard: number[] = []
      const response = {
        onceClosed: () => {},
        set onDrain(listener: () => void) {
          drained = listener
        },
      } as unknown as ClientResponse
      const answer = { resume: () => {} } as unknown as Answer
      const ended = Promise.withResolvers<void>()
      const sink = {
        data: (chunk: Buffer) => {
          for (let at = 0; at < chunk.length; at += 4) heard.push(chunk.readUInt32BE(at))
          setTimeout(() => drained(), heard.length < 8 ? 12 : 0)
          return false
        },
        end: () => ended.resolve(),
        broke: () => ended.reject(new Error("broke off")),
      }
      const reader = new SlowReader(response, answer, sink, { spools: new Spools(directory, 1e9), spoolAfterMs: 1 }, () => {})
      const part = (number: number) => {
        const bytes = Buffer.alloc(4)
        bytes.writeUInt32BE(number)
        return bytes
      }
      const parts = 60
      for (let i = 0; i < parts; i++) {
        reader.data(part(i))
        if (i >= 4) await pause(0)
      }
      reader.end([])
      await ended.promise
      assert.deepEqual(
        heard,
        Array.from({ length: parts }, (_, i) => i),
      )
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

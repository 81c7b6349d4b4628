// A promise of the embedded edge as a test, with an edge of its own. Used by tests alone.
import { test } from "node:test"
import { embeddedEdge } from "./embedded-edge.ts"
import type { EmbeddedEdgeUnderTest } from "./embedded-edge.ts"

export function withEdge(promise: string, body: (under: EmbeddedEdgeUnderTest) => Promise<void>): void {
  test(`embedded edge: ${promise}`, async () => {
    const under = await embeddedEdge()
    try {
      await body(under)
    } finally {
      await under.close()
    }
  })
}

import assert from "node:assert/strict"
import { test } from "node:test"
import type { CopyReport } from "../../server/protocol/versions.ts"
import { copyTroubles } from "./copy-troubles.ts"

const copy = (id: string, state: string, more: Partial<CopyReport> = {}): CopyReport => ({
  id,
  service: "web",
  state,
  address: "127.0.0.1:1",
  node: "here",
  restarts: 0,
  ended: undefined,
  ...more,
})

test("of a copy that ends again and again its last words are told", () => {
  const [told, ...words] = copyTroubles(
    [{ name: "v2", copies: [copy("v2-web-0", "crash-loop", { lastOutput: ["Error: no such queue", "at work"] })] }],
    0,
  )
  assert.match(told ?? "", /v2-web-0 ends again and again/)
  assert.deepEqual(words, ["  Error: no such queue", "  at work"])
})

test("copies in a crash loop, ended or unknown are told with why and where to look; those that run are not", () => {
  const copies = [
    copy("v2-web-0", "crash-loop", { restarts: 6, ended: "exit code 1" }),
    copy("v2-web-1", "exited", { ended: "signal SIGKILL" }),
    copy("v2-web-2", "unknown"),
    copy("v2-web-3", "running"),
    copy("v2-web-4", "starting"),
    copy("v2-web-5", "running", { illness: { kind: "silent", reason: "no answer within 3 s", failures: 3, since: 1, requests: "none" } }),
    copy("v2-web-6", "running", { restarts: 1, replaced: { reason: "3 questions in a row found it not well", at: 3_540_000 } }),
    copy("v2-web-7", "running", { replaced: { reason: "long ago", at: -1 } }),
  ]
  assert.deepEqual(copyTroubles([{ name: "v2", copies }], 3_600_000), [
    "v2-web-0 ends again and again (exit code 1): started anew 6 times in a row, now with a pause; see conveyor logs v2 web",
    "v2-web-1 has ended (signal SIGKILL); see conveyor logs v2 web",
    "v2-web-2 could not be asked whether it runs",
    "v2-web-5 was not well 3 times in a row (no answer within 3 s): it gets no requests while another is well; see conveyor logs v2 web",
    "v2-web-6 took the place of one that ended 1 m ago (3 questions in a row found it not well); see conveyor logs v2 web",
  ])
})

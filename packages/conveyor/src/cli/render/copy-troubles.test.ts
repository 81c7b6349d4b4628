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

test("copies in a crash loop, ended or unknown are told with why and where to look; those that run are not", () => {
  const copies = [
    copy("v2-web-0", "crash-loop", { restarts: 6, ended: "exit code 1" }),
    copy("v2-web-1", "exited", { ended: "signal SIGKILL" }),
    copy("v2-web-2", "unknown"),
    copy("v2-web-3", "running"),
    copy("v2-web-4", "starting"),
  ]
  assert.deepEqual(copyTroubles([{ name: "v2", copies }]), [
    "v2-web-0 ends again and again (exit code 1): started anew 6 times in a row, now with a pause; see conveyor logs v2 web",
    "v2-web-1 has ended (signal SIGKILL); see conveyor logs v2 web",
    "v2-web-2 could not be asked whether it runs",
  ])
})

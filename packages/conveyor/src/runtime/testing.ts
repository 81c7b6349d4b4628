// How copies are asked in tests that do not care how.
import type { HttpCheck } from "../kernel/health-check.ts"

export const anyCheck: HttpCheck = {
  kind: "http",
  method: "POST",
  path: "/status",
  codes: [{ from: 200, to: 201 }],
  body: "status",
  client: "test",
  timeoutMs: 5_000,
  intervalMs: 4_000,
  failures: 3,
}

import { FakeRuntime } from "./fake-runtime.ts"
import { describeRuntime } from "./runtime.contract.ts"
import { anyCheck } from "./testing.ts"

describeRuntime("fake", async () => {
  let now = 1_000_000
  const runtime = new FakeRuntime(() => now)
  return {
    open: () => runtime,
    spec: (overrides, onTerm) => ({
      service: "web",
      version: "v1",
      commit: "c1",
      release: "r-1",
      artifact: { id: "art", kind: "directory", ref: "/" },
      command: `${onTerm} SIGTERM`,
      environment: {},
      copies: 1,
      health: anyCheck,
      role: "server",
      whenNotCurrent: "keep",
      startWithinMs: 60_000,
      stopGraceMs: 10_000,
      ...overrides,
    }),
    ignoring: async () => {},
    crash: async (copy) => runtime.crash(copy.id),
    print: async (copy, lines) => runtime.print(copy.id, ...lines),
    pass: (ms) => (now += ms),
    cleanUp: async () => {},
  }
})

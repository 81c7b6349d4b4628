import { FakeRuntime } from "./fake-runtime.ts"
import { describeRuntime } from "./runtime.contract.ts"

describeRuntime("fake", async () => {
  const runtime = new FakeRuntime()
  return {
    open: () => runtime,
    spec: (overrides, onTerm) => ({
      service: "web",
      version: "v1",
      commit: "c1",
      release: "r-1",
      index: 0,
      artifact: { id: "art", kind: "directory", ref: "/" },
      command: `${onTerm} SIGTERM`,
      environment: {},
      ...overrides,
    }),
    ignoring: async () => {},
    crash: async (copy) => runtime.crash(copy.id),
    cleanUp: async () => {},
  }
})

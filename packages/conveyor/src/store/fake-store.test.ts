import { ManualClock } from "../kernel/time/clock.ts"
import { FakeMemory, FakeStore } from "./fake-store.ts"
import { describeStore, neverTest } from "./store.contract.ts"

describeStore("the fake", async () => {
  const [memory, clock] = [new FakeMemory(), new ManualClock(5)]
  const holders = { one: "one", other: "other" }
  return {
    clock,
    open: async (as = "one") => new FakeStore(memory, { clock, whyIllegal: neverTest, holder: holders[as] }),
    end: async () => {},
  }
})

import assert from "node:assert/strict"
import { test } from "node:test"
import { ManualClock } from "../kernel/time/clock.ts"
import { ConveyorError } from "../kernel/errors/errors.ts"
import { silentLogger } from "../kernel/logger.ts"
import { FakeMemory, FakeStore } from "../store/fake-store.ts"
import { holdLease, leaseMs } from "./hold-lease.ts"

const stage = () => {
  const [memory, clock, stop] = [new FakeMemory(), new ManualClock(), new AbortController()]
  const open = (holder: string) => new FakeStore(memory, { clock, whyIllegal: () => undefined, holder })
  return { clock, stop, open }
}
const code = (expected: string) => (thrown: unknown) => thrown instanceof ConveyorError && thrown.code === expected

test("a control plane that works keeps its lease, also where a renewal fails now and then", async () => {
  const { clock, stop, open } = stage()
  const [own, other] = [open("own"), open("other")]
  await own.lease.acquire(leaseMs)
  let renewals = 0
  const lease = {
    ...own.lease,
    renew: async (forMs: number) => {
      if (++renewals % 2 === 0) throw new ConveyorError("disk-full", "no room")
      await own.lease.renew(forMs)
    },
  }
  const holding = holdLease({ lease, clock, logger: silentLogger, signal: stop.signal })
  await clock.advance(leaseMs * 10)
  assert.ok(renewals > 10)
  await assert.rejects(other.lease.acquire(leaseMs), code("lease-held"))
  stop.abort()
  await holding
})

test("a control plane that was followed is told, and ends", async () => {
  const { clock, stop, open } = stage()
  const [own, other] = [open("own"), open("other")]
  await own.lease.acquire(leaseMs)
  await clock.advance(leaseMs)
  await other.lease.acquire(leaseMs)
  const holding = assert.rejects(holdLease({ lease: own.lease, clock, logger: silentLogger, signal: stop.signal }), code("lease-lost"))
  await clock.advance(leaseMs)
  await holding
})

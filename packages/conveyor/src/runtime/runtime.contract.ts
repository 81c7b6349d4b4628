// What every runtime promises, as tests: run by each adapter's own test file, and by the fake's.
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import type { Copy, CopySpec, Runtime } from "./runtime.ts"

export interface RuntimeUnderTest {
  /** A runtime on the same state as the one before it: what a restarted control plane would have. */
  open(): Runtime
  /** A spec whose copy ends on SIGTERM when `obeys`, and never by itself otherwise. */
  spec(overrides: Partial<CopySpec>, onTerm: "obeys" | "ignores"): CopySpec
  /** Resolves when a copy that "ignores" does so. */
  ignoring(copy: Copy): Promise<void>
  /** Ends a copy from outside, as a crash would. */
  crash(copy: Copy): Promise<void>
  cleanUp(): Promise<void>
}

export function describeRuntime(name: string, make: () => Promise<RuntimeUnderTest>): void {
  const signal = AbortSignal.timeout(60_000)

  const promise = (title: string, body: (subject: RuntimeUnderTest) => Promise<void>) =>
    test(title, async () => {
      const subject = await make()
      try {
        await body(subject)
      } finally {
        for (const copy of await subject.open().list()) await subject.open().stop(copy.id, { graceMs: 0, signal })
        await subject.cleanUp()
      }
    })

  void describe(`runtime: ${name}`, () => {
    void promise("a started copy is listed with its labels", async (subject) => {
      const runtime = subject.open()
      const copy = await runtime.start(subject.spec({ service: "web", version: "v7", release: "r-12", index: 1 }, "obeys"), signal)
      assert.equal(copy.state, "running")
      const [listed] = await runtime.list()
      assert.deepEqual(listed, copy)
      assert.deepEqual([copy.service, copy.version, copy.release, copy.index], ["web", "v7", "r-12", 1])
    })

    void promise("starting what runs already gives the same copy", async (subject) => {
      const runtime = subject.open()
      const spec = subject.spec({}, "obeys")
      const first = await runtime.start(spec, signal)
      assert.equal((await runtime.start(spec, signal)).id, first.id)
      assert.notEqual((await runtime.start({ ...spec, index: 1 }, signal)).id, first.id)
      assert.equal((await runtime.list()).length, 2)
    })

    void promise("a copy outlives its starter and is found by the next one", async (subject) => {
      const copy = await subject.open().start(subject.spec({}, "obeys"), signal)
      const later = subject.open()
      assert.deepEqual(await later.list(), [copy])
      assert.equal(await later.stop(copy.id, { graceMs: 10_000, signal }), "stopped")
      assert.deepEqual(await later.list(), [])
    })

    void promise("a copy that crashed is seen as exited, and starting it again gives a new one", async (subject) => {
      const runtime = subject.open()
      const spec = subject.spec({}, "obeys")
      const copy = await runtime.start(spec, signal)
      await subject.crash(copy)
      assert.deepEqual(
        (await runtime.list()).map((c) => c.state),
        ["exited"],
      )
      assert.notEqual((await runtime.start(spec, signal)).id, copy.id)
      assert.equal(await runtime.stop(copy.id, { graceMs: 0, signal }), "was-gone")
    })

    void promise("a copy that ignores SIGTERM is killed after its grace", async (subject) => {
      const runtime = subject.open()
      const copy = await runtime.start(subject.spec({}, "ignores"), signal)
      await subject.ignoring(copy)
      assert.equal(await runtime.stop(copy.id, { graceMs: 200, signal }), "killed")
      assert.deepEqual(await runtime.list(), [])
    })
  })
}

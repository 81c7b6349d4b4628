// What every runtime promises, as tests: run by each adapter's own test file, and by the fake's.
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { Secret } from "../kernel/secret.ts"
import type { Copy, LogOptions, OutputChunk, Runtime, ServiceSpec } from "./runtime.ts"

export interface RuntimeUnderTest {
  /** A runtime on the same state as the one before it: what a restarted control plane would have. */
  open(): Runtime
  /** A spec whose copies end on SIGTERM when `obeys`, and never by themselves otherwise. */
  spec(overrides: Partial<ServiceSpec>, onTerm: "obeys" | "ignores"): ServiceSpec
  /** Resolves when a copy that "ignores" does so. */
  ignoring(copy: Copy): Promise<void>
  /** Ends a copy from outside, as a crash would. */
  crash(copy: Copy): Promise<void>
  /** The copy says these lines; resolves when they can be read. */
  print(copy: Copy, lines: readonly string[]): Promise<void>
  /** So much time goes by, for whoever counts pauses. */
  pass(ms: number): void
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
        for (const { id } of await copiesOf(subject)) await subject.open().stop(id, { graceMs: 0, signal })
        await subject.cleanUp()
      }
    })

  const copiesOf = async (subject: RuntimeUnderTest) => (await subject.open().observe(signal)).copies
  const only = (copies: readonly Copy[]): Copy => {
    const [copy] = copies
    assert.ok(copy)
    assert.equal(copies.length, 1)
    return copy
  }

  void describe(`runtime: ${name}`, () => {
    void promise("so many copies as are wanted run, and each is seen with its labels", async (subject) => {
      const runtime = subject.open()
      const wanted = await runtime.want([subject.spec({ service: "web", version: "v7", release: "r-12", copies: 2 }, "obeys")], signal)
      const { copies } = await runtime.observe(signal)
      assert.deepEqual(copies.toSorted(byIndex), wanted.toSorted(byIndex))
      assert.deepEqual(
        copies
          .toSorted(byIndex)
          .map(({ service, version, release, index, state, restarts }) => [service, version, release, index, state, restarts]),
        [
          ["web", "v7", "r-12", 0, "running", 0],
          ["web", "v7", "r-12", 1, "running", 0],
        ],
      )
      for (const { node } of copies) assert.notEqual(node, "")
    })

    void promise("wanting again what is wanted starts nothing, and fewer or more copies are wanted as they are said", async (subject) => {
      const runtime = subject.open()
      const spec = subject.spec({ copies: 2 }, "obeys")
      const first = await runtime.want([spec], signal)
      assert.deepEqual(idsOf(await runtime.want([spec], signal)), idsOf(first))
      assert.equal((await runtime.want([{ ...spec, copies: 3 }], signal)).length, 3)
      await runtime.want([{ ...spec, copies: 1 }], signal)
      assert.deepEqual(
        (await copiesOf(subject)).map(({ index }) => index),
        [0],
      )
    })

    void promise("what is wanted is seen, and neither its environment nor its command is", async (subject) => {
      const runtime = subject.open()
      await runtime.want([subject.spec({ environment: { TOKEN: new Secret("planted") } }, "obeys")], signal)
      const { wanted } = await subject.open().observe(signal)
      assert.deepEqual(
        wanted.map(({ service, version, copies }) => [service, version, copies]),
        [["web", "v1", 1]],
      )
      assert.ok(!JSON.stringify(await runtime.observe(signal)).includes("planted"))
    })

    void promise("an artifact of another kind is refused, and nothing is wanted", async (subject) => {
      const image = { id: "art", kind: "image", ref: "registry/art" }
      await assert.rejects(subject.open().want([subject.spec({ artifact: image }, "obeys")], signal), { code: "artifact-kind" })
      assert.deepEqual((await subject.open().observe(signal)).wanted, [])
    })

    void promise("a copy outlives its starter and is found by the next one", async (subject) => {
      const copy = only(await subject.open().want([subject.spec({}, "obeys")], signal))
      const later = subject.open()
      assert.deepEqual((await later.observe(signal)).copies, [copy])
      assert.deepEqual(await later.reconcile(signal), [])
      assert.equal(await later.stop(copy.id, { graceMs: 10_000, signal }), "stopped")
      assert.deepEqual(await copiesOf(subject), [])
    })

    void promise("a copy that crashed is seen with its end, and the next round fills its place", async (subject) => {
      const runtime = subject.open()
      const copy = only(await runtime.want([subject.spec({}, "obeys")], signal))
      await subject.crash(copy)
      const dead = only(await copiesOf(subject))
      assert.deepEqual([dead.id, dead.state], [copy.id, "exited"])
      assert.match(dead.end?.reason ?? "", /SIGKILL|not known/)
      const [event] = await subject.open().reconcile(signal)
      assert.equal(event?.event, "restarted")
      const next = only(await copiesOf(subject))
      assert.notEqual(next.id, copy.id)
      assert.deepEqual([next.state, next.restarts, next.index], ["running", 1, copy.index])
      assert.deepEqual(await runtime.reconcile(signal), [])
    })

    void promise("a copy that ends again and again is started with growing pauses, and is told to be in a crash loop", async (subject) => {
      const runtime = subject.open()
      await runtime.want([subject.spec({}, "obeys")], signal)
      const told: string[] = []
      const states: string[] = []
      let longest = 0
      for (let ends = 0; ends < 6; ends++) {
        const copy = only(await copiesOf(subject))
        await subject.crash(copy)
        const before = await subject.open().reconcile(signal)
        told.push(...before.map(({ event }) => event))
        const now = only(await copiesOf(subject))
        if (now.state === "running") continue
        states.push(now.state)
        const pauseMs = (now.restartAt ?? 0) - (now.end?.at ?? 0)
        assert.ok(pauseMs >= longest, "a pause never shrinks")
        longest = pauseMs
        subject.pass(pauseMs)
        told.push(...(await subject.open().reconcile(signal)).map(({ event }) => event))
        assert.equal(only(await copiesOf(subject)).state, "running")
      }
      assert.ok(told.includes("crash-loop"), told.join(", "))
      assert.deepEqual(states, ["exited", "exited", "exited", "crash-loop", "crash-loop"])
      assert.ok(longest >= 8_000)
    })

    void promise(
      "a copy that is given up ends, with the reason that was given, and another takes its place and knows why",
      async (subject) => {
        const runtime = subject.open()
        const copy = only(await runtime.want([subject.spec({}, "ignores")], signal))
        await subject.ignoring(copy)
        await runtime.giveUp(copy.id, { reason: "it is deaf", graceMs: 100, signal })
        const given = only(await copiesOf(subject))
        assert.deepEqual([given.state, given.end?.reason, given.end?.how], ["exited", "it is deaf", "given-up"])
        const [event] = await subject.open().reconcile(signal)
        assert.deepEqual([event?.event, event?.reason], ["restarted", "it is deaf"])
        const next = only(await copiesOf(subject))
        assert.deepEqual([next.state, next.before?.reason], ["running", "it is deaf"])
        assert.equal(await runtime.giveUp(copy.id, { reason: "again", graceMs: 0, signal }), "was-gone")
      },
    )

    void promise("a copy that was stopped while it is wanted is replaced in the next round", async (subject) => {
      const runtime = subject.open()
      const copy = only(await runtime.want([subject.spec({}, "obeys")], signal))
      await runtime.stop(copy.id, { graceMs: 10_000, signal })
      await runtime.reconcile(signal)
      assert.notEqual(only(await copiesOf(subject)).id, copy.id)
    })

    void promise("what a version was first wanted with is what a later copy of it gets", async (subject) => {
      const first = subject.spec({ release: "r-1" }, "obeys")
      await subject.open().want([first], signal)
      const copies = await subject.open().want([{ ...first, release: "r-2", copies: 2 }], signal)
      assert.deepEqual(
        copies.map(({ release }) => release),
        ["r-1", "r-1"],
      )
    })

    void promise("of a version that is wanted no more nothing is left, and nothing comes back", async (subject) => {
      const runtime = subject.open()
      await runtime.want([subject.spec({ copies: 2 }, "obeys"), subject.spec({ version: "v2" }, "obeys")], signal)
      assert.deepEqual(await runtime.unwant("v1", signal), ["stopped", "stopped"])
      await subject.open().reconcile(signal)
      assert.deepEqual(
        (await copiesOf(subject)).map(({ version }) => version),
        ["v2"],
      )
      assert.deepEqual(await runtime.unwant("v1", signal), [])
    })

    void promise(
      "workers that rest are gone, are wanted still, and come back when they are woken; servers know nothing of it",
      async (subject) => {
        const worker = subject.spec({ service: "mailer", role: "worker", whenNotCurrent: "stop" }, "obeys")
        const keeps = subject.spec({ service: "timer", role: "worker" }, "obeys")
        const runtime = subject.open()
        await runtime.want([subject.spec({}, "obeys"), worker, keeps], signal)
        assert.deepEqual(await runtime.rest("v1", signal), ["stopped"])
        const services = async () => (await copiesOf(subject)).map(({ service }) => service).toSorted()
        await subject.open().reconcile(signal)
        await runtime.want([worker], signal)
        assert.deepEqual(await services(), ["timer", "web"])
        const works = (await subject.open().observe(signal)).wanted.map(({ service, work }) => `${service} ${work}`).toSorted()
        assert.deepEqual(works, ["mailer resting", "timer working", "web working"])
        await subject.open().wake("v1", signal)
        await runtime.reconcile(signal)
        assert.deepEqual(await services(), ["mailer", "timer", "web"])
      },
    )

    void promise("two at once fill a place once", async (subject) => {
      const runtime = subject.open()
      const spec = subject.spec({ copies: 2 }, "obeys")
      await Promise.all([runtime.want([spec], signal), runtime.reconcile(signal), runtime.want([spec], signal)])
      assert.equal((await copiesOf(subject)).length, 2)
    })

    void promise("a copy that ignores SIGTERM is killed after its grace", async (subject) => {
      const runtime = subject.open()
      const copy = only(await runtime.want([subject.spec({ stopGraceMs: 200 }, "ignores")], signal))
      await subject.ignoring(copy)
      assert.deepEqual(await runtime.unwant("v1", signal), ["killed"])
      assert.deepEqual(await copiesOf(subject), [])
    })

    void promise("output is read from its end, from where a reader has got to, and after the copy is gone", async (subject) => {
      const runtime = subject.open()
      const copy = only(await runtime.want([subject.spec({}, "obeys")], signal))
      await subject.print(copy, ["red", "white", "pink"])
      const read = async (options: Partial<LogOptions>, from: Runtime = runtime) => {
        const lines: { text: string; next: string }[] = []
        for await (const line of from.logs(copy.id, { follow: "end", signal, ...options })) lines.push(line)
        return lines
      }
      const newest = await read({ last: 2 })
      assert.deepEqual(
        newest.map(({ text }) => text),
        ["white", "pink"],
      )
      const since = newest[0]?.next ?? ""
      await runtime.unwant("v1", signal)
      assert.deepEqual(
        (await read({ since }, subject.open())).map(({ text }) => text),
        ["pink"],
      )
      assert.deepEqual(await read({ since: (await read({})).at(-1)?.next ?? "" }), [])
    })

    void promise("a command runs beside a copy, as that copy, and its exit code is told", async (subject) => {
      const runtime = subject.open()
      const copy = only(await runtime.want([subject.spec({}, "obeys")], signal))
      let said = ""
      const onOutput = ({ text }: OutputChunk) => (said += text)
      const code = await runtime.exec(copy.id, { command: "echo $CONVEYOR_COPY; exit 3", onOutput, signal })
      assert.deepEqual([code, said], [3, `${copy.id}\n`])
      await subject.crash(copy)
      await assert.rejects(runtime.exec(copy.id, { command: "echo x; exit 0", onOutput, signal }), { code: "no-such-copy" })
    })

    void promise(
      "a command runs once, as what a version was first wanted with, and also of a version that is not wanted",
      async (subject) => {
        const runtime = subject.open()
        const spec = subject.spec({ environment: { FLOWER: "rose" } }, "obeys")
        const ask = async (asked: ServiceSpec) => {
          let said = ""
          const onOutput = ({ text }: OutputChunk) => (said += text)
          return [await runtime.run(asked, { command: "echo $CONVEYOR_VERSION $FLOWER; exit 4", onOutput, signal }), said]
        }
        await runtime.want([spec], signal)
        assert.deepEqual(await ask({ ...spec, environment: { FLOWER: "tulip" } }), [4, "v1 rose\n"])
        assert.deepEqual(await ask({ ...spec, version: "v9", environment: { FLOWER: "tulip" } }), [4, "v9 tulip\n"])
        assert.deepEqual((await copiesOf(subject)).length, 1, "it is no copy")
      },
    )
  })
}

const byIndex = (a: Copy, b: Copy) => a.index - b.index
const idsOf = (copies: readonly Copy[]) => copies.map(({ id }) => id).toSorted()

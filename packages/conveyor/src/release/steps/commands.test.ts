import assert from "node:assert/strict"
import { test } from "node:test"
import { Rehearsal } from "../rehearsal.ts"

const policy = "bake: { for: 1s, at_least: 0 }, notice: 1s, stop_grace: 1s, start_within: 2s"

async function rehearse(commands: string, body: (stage: Rehearsal) => Promise<void>): Promise<void> {
  const stage = new Rehearsal(`${policy}, commands: { ${commands} }`)
  try {
    await body(stage)
  } finally {
    await stage.end()
  }
}

const three = `
  last: { run: "echo last; exit 0", phase: after_promotion },
  smoke: { run: "echo smoke; exit 0", phase: after_start },
  first: { run: "echo first; exit 0", phase: before_expand }`

test("each command runs once, at its phase, and a rollback runs none", () =>
  rehearse(three, async (stage) => {
    const before: Record<string, number> = {}
    await stage.carryOut(await stage.ask("release", "a"), {
      afterEvent: ({ step, event }) => {
        if (event === "succeeded") before[step] = stage.runtime.commands.length
      },
    })
    const ran = ["web v1: echo first; exit 0", "web v1: echo smoke; exit 0", "web v1: echo last; exit 0"]
    assert.deepEqual(stage.runtime.commands, ran)
    assert.deepEqual([before["test"], before["expand"], before["start"], before["verify"], before["bake"]], [0, 1, 1, 2, 2])
    await stage.carryOut(await stage.ask("rollback", "a"))
    assert.deepEqual(stage.runtime.commands, ran)
  }))

test("a command that fails stops the release before users see anything of it, with its last words", () =>
  rehearse('smoke: { run: "echo the page is empty; exit 3", phase: after_start }', async (stage) => {
    const ended = await stage.carryOut(await stage.ask("release", "a"))
    assert.ok(ended !== "killed")
    assert.deepEqual([ended.state, stage.current], ["failed", undefined])
    assert.match(ended.reason ?? "", /verify: smoke \(`echo .*`\) ended with code 3:\nthe page is empty/)
  }))

test("a release goes on without a command that it may go on without, and it is kept that it did", () =>
  rehearse('tell: { run: "echo nobody hears; exit 1", phase: before_expand, on_failure: go_on }', async (stage) => {
    const ended = await stage.carryOut(await stage.ask("release", "a"))
    assert.ok(ended !== "killed")
    assert.equal(ended.state, "promoted")
    const { facts } = (await stage.store.journal.of(ended.id)).find(({ step, event }) => step === "expand" && event === "succeeded") ?? {}
    assert.deepEqual(facts?.["commands"], { tell: "failed, and the release went on" })
  }))

test("a command that a crash broke off is run again, and one that had ended is not", async () => {
  for (let killAt = 1; ; killAt++) {
    let isKilled = false
    await rehearse(three, async (stage) => {
      const release = await stage.ask("release", "a")
      let moments = 0
      const first = await stage.carryOut(release, { atMoment: () => (++moments === killAt ? "kill" : "go on") })
      isKilled = first === "killed"
      const journalled = (await stage.store.journal.of(release.id))
        .filter(({ facts }) => facts["outcome"] === "done")
        .map(({ facts }) => String(facts["command"]))
      const ranBefore = stage.runtime.commands.length
      if (isKilled) await stage.carryOut((await (await stage.ports()).queue.find(release.id)) ?? release)
      const again = stage.runtime.commands.slice(ranBefore)
      for (const name of ["first", "smoke", "last"]) {
        const times = stage.runtime.commands.filter((each) => each.includes(`echo ${name};`)).length
        assert.ok(times === 1 || times === 2, `${name} ran ${times} times, killed at ${killAt}`)
        if (journalled.includes(name)) assert.ok(!again.some((each) => each.includes(`echo ${name};`)), `${name} had ended`)
      }
      assert.equal((await stage.store.queue.find(release.id))?.state, "promoted")
    })
    if (!isKilled) break
  }
})

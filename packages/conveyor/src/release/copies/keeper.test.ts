import assert from "node:assert/strict"
import { test } from "node:test"
import type { ReleaseRecord } from "../../store/records.ts"
import type { MemberTable, RoutingTable } from "../../edge/edge.ts"
import { describe } from "../../kernel/errors/errors.ts"
import type { Copy } from "../../runtime/runtime.ts"
import { checkUp } from "./checkup.ts"
import type { KeeperAct } from "./keeper-act.ts"
import { keep } from "./keeper.ts"
import { replaceIll } from "./liveness.ts"
import { Rehearsal } from "../rehearsal.ts"
import { addStopped, askedOf } from "../testing-past.ts"
import type { Routing } from "../routing/routing.ts"

const signal = new AbortController().signal

async function rehearse(body: (stage: Rehearsal) => Promise<void>): Promise<void> {
  const stage = new Rehearsal()
  try {
    await body(stage)
  } finally {
    await stage.end()
  }
}

/** One round of the keeper; gives what it said. */
async function round(stage: Rehearsal): Promise<string[]> {
  const acts: string[] = []
  await keep({ ports: await stage.ports(), signal, onAct: (act) => acts.push(said(act)) })
  return acts
}

function said(act: KeeperAct): string {
  return "copy" in act ? `${act.event} ${act.copy.id} (${act.reason ?? ""})` : `${act.event} ${act.version}`
}

async function release(stage: Rehearsal, commit: string): Promise<ReleaseRecord> {
  const asked = await stage.ask("release", commit)
  const ended = await stage.carryOut(asked, {
    afterEvent: ({ step, event }) => {
      if (step === "switch" && event === "started") stage.traffic(asked.version, { requests: 1_000 })
    },
  })
  assert.notEqual(ended, "killed")
  return ended as ReleaseRecord
}

const copiesOf = async (stage: Rehearsal, version: string) => stage.runtime.copies().filter((copy) => copy.version === version)
const routed = (stage: Rehearsal, version: string) =>
  (stage.edge.inUse?.versions[version]?.targets["web"] ?? []).map((target) => target.copy)

test("where everything is as it should be, a round does nothing", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    await release(stage, "b")
    const generation = stage.edge.inUse?.generation
    assert.deepEqual(await round(stage), [])
    assert.equal(stage.edge.inUse?.generation, generation)
  }))

test("a copy that died is started again, and requests find the new one", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    const [dead, living] = await copiesOf(stage, "v1")
    stage.runtime.crash(dead?.id ?? "")
    assert.match((await round(stage)).join("\n"), /restarted v1-web-/)

    const now = await copiesOf(stage, "v1")
    assert.deepEqual(
      now.map((copy) => copy.state),
      ["running", "running"],
    )
    assert.deepEqual(routed(stage, "v1").toSorted(), now.map((copy) => copy.id).toSorted())
    assert.ok(now.some((copy) => copy.id === living?.id))
    assert.ok(!now.some((copy) => copy.id === dead?.id))
  }))

test("a copy that is not well yet gets no requests, and is found in a later round", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    const [dead, living] = await copiesOf(stage, "v1")
    stage.runtime.crash(dead?.id ?? "")
    stage.ill.add("a")
    await round(stage)
    assert.deepEqual(routed(stage, "v1"), [living?.id])

    stage.ill.delete("a")
    await round(stage)
    assert.equal(routed(stage, "v1").length, 2)
  }))

/** The copy was asked, and was silent as often as it takes; its sibling was well. */
function oneIsSilent(stage: Rehearsal): { silent: Copy; well: Copy } {
  const [silent, well] = stage.runtime.copies()
  assert.ok(silent && well)
  stage.health.noteWell(well.id, stage.clock.now())
  stage.health.noteWell(silent.id, stage.clock.now())
  for (let n = 0; n < 3; n++)
    stage.health.noteIll(silent.id, { kind: "silent", reason: "no answer within 3 s", outAfter: 3 }, stage.clock.now())
  return { silent, well }
}

test("a copy that runs and is not well gets no requests, is replaced, and the one that took its place is found", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    const { silent, well } = oneIsSilent(stage)
    await round(stage)
    assert.deepEqual(routed(stage, "v1"), [well.id])

    const acts: KeeperAct[] = []
    await replaceIll(await stage.ports(), signal, (act) => acts.push(act))
    assert.deepEqual(acts.map(said), [`given-up ${silent.id} (3 questions in a row found it not well: no answer within 3 s)`])
    assert.match((await round(stage)).join(), /restarted .*3 questions in a row found it not well/)
    assert.equal(routed(stage, "v1").length, 2)
    assert.ok(!routed(stage, "v1").includes(silent.id))
  }))

test("copies are told whether their version is the current one, and again after a rollback", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    await round(stage)
    assert.deepEqual([...stage.runtime.standings], [["v1", "current"]])
    await release(stage, "b")
    await round(stage)
    assert.deepEqual(Object.fromEntries(stage.runtime.standings), { v1: "not-current", v2: "current" })
    await stage.carryOut(await stage.ask("rollback", "a"))
    await round(stage)
    assert.deepEqual(Object.fromEntries(stage.runtime.standings), { v1: "current", v2: "not-current" })
  }))

test("where no copy is well their addresses stay, and none is replaced for what they share", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    const before = routed(stage, "v1")
    stage.ill.add("a")
    for (let n = 0; n < 20; n++) {
      await checkUp(await stage.ports(), signal)
      await stage.clock.sleep(1_000)
      await replaceIll(await stage.ports(), signal, (act) => assert.fail(said(act)))
      await round(stage)
    }
    assert.deepEqual(routed(stage, "v1"), before)
  }))

test("a copy of a version whose run is under way is left to the run", () =>
  rehearse(async (stage) => {
    let events = 0
    await stage.carryOut(await stage.ask("release", "a"), { atMoment: () => (++events === 12 ? "kill" : "go on") })
    oneIsSilent(stage)
    await replaceIll(await stage.ports(), signal, (act) => assert.fail(said(act)))
  }))

test("a copy that a control plane started and died before it could route it is found by the next", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    const [dead] = await copiesOf(stage, "v1")
    if (dead === undefined) throw new Error("v1 has no copy")
    stage.runtime.crash(dead.id)
    await stage.runtime.stop(dead.id, { graceMs: 0, signal })
    await stage.runtime.reconcile(signal)
    await round(stage)
    assert.equal(routed(stage, "v1").length, 2)
    assert.ok(!routed(stage, "v1").includes(dead.id))
  }))

test("when all copies are dead their addresses stay until new ones are well", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    const before = routed(stage, "v1")
    for (const copy of await copiesOf(stage, "v1")) stage.runtime.crash(copy.id)
    stage.ill.add("a")
    await round(stage)
    assert.deepEqual(routed(stage, "v1"), before)
    stage.ill.delete("a")
    await round(stage)
    assert.equal(routed(stage, "v1").filter((copy) => before.includes(copy)).length, 0)
    assert.equal(routed(stage, "v1").length, 2)
  }))

test("what runs is kept, routed and in the end stopped by what was recorded at its start, whatever its conveyor.yml is thought of today", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    await release(stage, "b")
    for (const copy of stage.runtime.copies()) stage.runtime.crash(copy.id)
    const readConfig = async () => {
      throw new Error("its conveyor.yml cannot be read")
    }
    const unreadable = async () => keep({ ports: { ...(await stage.ports()), readConfig }, signal, onAct: () => {} })
    await unreadable()
    assert.deepEqual(
      stage.runtime.copies().map((copy) => copy.state),
      ["running", "running", "running", "running"],
    )
    assert.equal(routed(stage, "v2").length, 2)
    await stage.clock.sleep(3_600_001)
    await unreadable()
    assert.deepEqual(await copiesOf(stage, "v1"), [])
  }))

test("what was never recorded is wanted again as its commit says, and where that cannot be read nothing is taken from the others", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    await release(stage, "b")
    for (const version of ["v1", "v2"]) await stage.runtime.unwant(version, signal)
    const ports = await stage.ports()
    const readConfig: typeof ports.readConfig = async (commit) => {
      if (commit === "a") throw new Error("its conveyor.yml cannot be read")
      return ports.readConfig(commit)
    }
    const rounds = keep({ ports: { ...ports, readConfig }, signal, onAct: () => {} })
    await assert.rejects(rounds, (thrown) => thrown instanceof AggregateError && /cannot be read/.test(String(thrown.errors[0])))
    await round(stage)
    assert.equal((await copiesOf(stage, "v2")).length, 2)
    assert.equal(routed(stage, "v2").length, 2)
  }))

test("a crash loop is told, with growing pauses between its starts, and leaves the other copies alone", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    const said: string[] = []
    const starts: number[] = []
    for (let second = 0; second < 40; second++) {
      const [first] = (await copiesOf(stage, "v1")).filter((copy) => copy.index === 0 && copy.state === "running")
      if (first !== undefined) stage.runtime.crash(first.id)
      const acts = await round(stage)
      if (acts.some((act) => act.startsWith("restarted "))) starts.push(second)
      said.push(...acts)
      await stage.clock.sleep(1_000)
    }
    assert.ok(said.some((act) => /^crash-loop v1-web-.* \(signal SIGKILL\)/.test(act)))
    const pauses = starts.slice(1).map((at, i) => at - (starts[i] ?? 0))
    assert.deepEqual(
      pauses,
      pauses.toSorted((a, b) => a - b),
    )
    assert.ok((pauses.at(-1) ?? 0) >= 8, String(pauses))
    assert.equal((await copiesOf(stage, "v1")).filter((copy) => copy.index === 1 && copy.state === "running").length, 1)
  }))

test("a round asks as much of the store beside a thousand stopped versions as beside ten", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    const asked = async () => askedOf(await stage.ports(), (ports) => keep({ ports, signal, onAct: () => {} }))
    await addStopped(stage, 0, 10)
    const few = await asked()
    await addStopped(stage, 10, 1_000)
    assert.deepEqual(await asked(), few)
  }))

test("a warm version's copies are kept alive without giving it any request", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    await release(stage, "b")
    const [dead] = await copiesOf(stage, "v1")
    stage.runtime.crash(dead?.id ?? "")
    await round(stage)
    assert.equal((await copiesOf(stage, "v1")).filter((copy) => copy.state === "running").length, 2)
    assert.deepEqual(Object.keys(stage.edge.inUse?.versions ?? {}), ["v2"])
  }))

test("a version whose rollback window has closed is stopped, once", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    await release(stage, "b")
    await stage.clock.sleep(3_600_001)
    assert.match((await round(stage)).join("\n"), /stopping v1/)
    assert.deepEqual(await copiesOf(stage, "v1"), [])
    assert.notEqual((await stage.store.versions.find("v1"))?.stoppedAt, undefined)
    assert.equal((await copiesOf(stage, "v2")).length, 2)
    assert.deepEqual(await round(stage), [])
  }))

test("the current version is never stopped, whatever is noted about its window", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    await (await stage.ports()).versions.keepWarm("v1", stage.clock.now() - 1)
    await round(stage)
    assert.equal((await copiesOf(stage, "v1")).length, 2)
    assert.equal(stage.current, "v1")
  }))

test("an old version that still serves and was given up leaves the table and is stopped", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    const table = stage.edge.inUse
    await release(stage, "b")
    const now = stage.edge.inUse
    if (table === undefined || now === undefined) throw new Error("nothing was routed")
    await stage.edge.apply({ ...now, generation: now.generation + 1, versions: { ...table.versions, ...now.versions } }, signal)
    await (await stage.ports()).versions.keepWarm("v1", stage.clock.now())
    await round(stage)
    assert.deepEqual(Object.keys(stage.edge.inUse?.versions ?? {}), ["v2"])
    assert.deepEqual(await copiesOf(stage, "v1"), [])
  }))

test("copies of a version that is neither warm nor routed are stopped: nobody would ever do it", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    await release(stage, "b")
    await (await stage.ports()).versions.stopped("v1")
    await round(stage)
    assert.deepEqual(await copiesOf(stage, "v1"), [])
  }))

test("a version whose run is under way is left to the run, also between two control planes", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    const second = await stage.ask("release", "b")
    let events = 0
    await stage.carryOut(second, { atMoment: () => (++events === 12 ? "kill" : "go on") })
    const before = stage.runtime.copies()
    assert.ok(before.some((copy) => copy.version === "v2"))
    assert.deepEqual(await round(stage), [])
    assert.deepEqual(stage.runtime.copies(), before)
  }))

test("nothing is stopped while nobody knows who serves; the reason is told, and the round after knows again", () =>
  rehearse(async (stage) => {
    await release(stage, "a")
    await release(stage, "b")
    await stage.store.versions.keepWarm("v1", stage.clock.now())
    const ports = await stage.ports()
    const seen = async (member: MemberTable, table?: RoutingTable) => {
      const observe = async () => ({ table, members: [member] })
      const doubted = { ...ports, routing: Object.assign(Object.create(ports.routing) as Routing, { observe }) }
      return describe(await keep({ ports: doubted, signal, onAct: () => {} }).catch((thrown: unknown) => thrown))
    }
    const older = stage.edge.applied[0]
    assert.match(
      await seen({ member: "b", state: "silent", reason: "no answer" }, older),
      /v1 is not stopped|v2 is not stopped: .*edge b does not answer/,
    )
    assert.match(await seen({ member: "b", state: "in-use" }), /is not stopped: the edge has no routing table, and once had one/)
    assert.deepEqual([(await copiesOf(stage, "v1")).length, (await copiesOf(stage, "v2")).length], [2, 2])
    await round(stage)
    assert.deepEqual([(await copiesOf(stage, "v1")).length, (await copiesOf(stage, "v2")).length], [0, 2])
  }))

import assert from "node:assert/strict"
import { chmod, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { programVersion } from "../../server/installation/program-version.ts"
import { stateDirectory } from "../../server/installation/state-directory.ts"
import { versionFinding } from "./control-plane.ts"
import { examine } from "./doctor.ts"
import { attention, exitOfFindings, fails, fine, unknown } from "./finding.ts"
import { gitFindingOf, groupsFinding, isAtLeast, nodeFinding } from "./machine.ts"
import { diskFinding } from "./place.ts"
import { judgeShard } from "./shards.ts"
import type { Seen } from "./shards.ts"

let folder = ""
const state = () => stateDirectory(join(folder, "state"))
const configFile = () => join(folder, "conveyor.yml")

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "conveyor-doctor-"))
})
after(() => rm(folder, { recursive: true, force: true }))

async function examined(text: string) {
  await writeFile(configFile(), text)
  const findings = await examine({ state: state(), configFile: configFile(), variables: {}, now: () => Date.now() })
  return (what: string) => findings.find((finding) => finding.what === what)
}

const config = (port: number, rest = "") =>
  `name: shop\nservices: { web: { start: run, routes: [/] } }\nedge: { listen: "127.0.0.1:${port}" }\n${rest}`

test("what could not be found out is neither good nor bad: it has an exit code of its own", () => {
  assert.equal(exitOfFindings([fine("a", ""), attention("b", "", "")]), 0)
  assert.equal(exitOfFindings([fine("a", ""), unknown("b", "", "")]), 3)
  assert.equal(exitOfFindings([unknown("a", "", ""), fails("b", "", "")]), 1)
})

test("versions are compared by number, and what is too old fails with the way out", () => {
  assert.ok(isAtLeast("22.13.0", "22.13.0") && isAtLeast("24.1", "22.13.0") && isAtLeast("22.100.0", "22.13.0"))
  assert.ok(!isAtLeast("22.9.0", "22.13.0") && !isAtLeast("9.99.99", "22.13.0"))
  assert.deepEqual(
    ["22.12.0", "22.13.0", "24.0.0"].map((version) => nodeFinding(version).verdict),
    ["fails", "fine", "fine"],
  )
  assert.deepEqual(
    ["git version 2.28.1", "git version 2.39.5 (Apple Git-154)", "git"].map((text) => gitFindingOf(text).verdict),
    ["fails", "fine", "unknown"],
  )
})

test("limits that nobody would hold are named", () => {
  assert.equal(groupsFinding({ may: "be-made", notEnforced: [] }).verdict, "fine")
  assert.match(groupsFinding({ may: "be-made", notEnforced: ["memory"] }).says, /memory/)
  assert.equal(groupsFinding({ may: "not-be-made", notEnforced: [] }).verdict, "attention")
})

test("a disk fails for want of bytes or of inodes, and one that counts none is judged by its bytes", () => {
  const verdict = (megabytes: number, inodes: number | undefined) => diskFinding("/srv", { bytes: megabytes * 2 ** 20, inodes }).verdict
  assert.deepEqual(
    [verdict(100, 1e6), verdict(1e6, 5), verdict(1_000, 1e6), verdict(1e5, undefined)],
    ["fails", "fails", "attention", "fine"],
  )
})

test("a shard is fine where the role may make its schema and owns the tables, and otherwise the grant is named", () => {
  const good: Seen = { role: "app", version: 180_001, is_replica: false, may_create: true, statements: true, foreign_tables: 0, now: 1_000 }
  const judged = (seen: Partial<Seen>) => judgeShard("shard a", { ...good, ...seen }, { before: 990, after: 1_010 })
  assert.equal(judged({}).verdict, "fine")
  assert.equal(judged({ version: 140_010 }).verdict, "fails")
  assert.equal(judged({ is_replica: true }).verdict, "fails")
  assert.match(judged({ may_create: false }).next ?? "", /GRANT CREATE ON DATABASE/)
  assert.match(judged({ foreign_tables: 3 }).says, /does not own 3/)
  assert.equal(judged({ statements: false }).verdict, "attention")
  assert.match(judged({ now: 61_010 }).says, /60 s off/)
})

test("a control plane of another Conveyor than this command is told, also one that does not say which it is", () => {
  assert.equal(versionFinding({ url: "http://x", version: programVersion }).verdict, "fine")
  assert.match(versionFinding({ url: "http://x", version: "0.0.1" }).says, /0\.0\.1 answers.* this command is/)
  assert.equal(versionFinding({ url: "http://x", version: undefined }).verdict, "attention")
})

test("a port that another program holds fails and names the program; a free one is fine, and is free again afterwards", async () => {
  const rival = createServer()
  await new Promise<void>((resolve) => rival.listen(0, "127.0.0.1", resolve))
  const { port } = rival.address() as AddressInfo
  try {
    const taken = (await examined(config(port)))("edge port")
    assert.equal(taken?.verdict, "fails")
    assert.match(taken.says, new RegExp(`${port} is held by process ${process.pid}`))
  } finally {
    await new Promise((resolve) => rival.close(resolve))
  }
  for (const _ of ["once", "again"]) assert.equal((await examined(config(port)))("edge port")?.verdict, "fine")
})

test("a shard that does not answer fails, by its name and without its password", async () => {
  const shard = (await examined(config(0, "fleet: { shards: { north: 'postgres://app:geheim@127.0.0.1:1/shop' } }\n")))("shard north")
  assert.equal(shard?.verdict, "fails")
  assert.doesNotMatch(JSON.stringify(shard), /geheim/)
})

test("with a conveyor.yml that cannot be read, what hangs on it is unknown, and the rest is looked at all the same", async () => {
  const of = await examined("name: [\n")
  assert.equal(of("conveyor.yml")?.verdict, "fails")
  assert.equal(of("ports and shards")?.verdict, "unknown")
  assert.equal(of("git")?.verdict, "fine")
})

test("a state directory that is open to others, and a clock that has gone back, are told", async () => {
  await mkdir(state().root, { recursive: true })
  await chmod(state().root, 0o755)
  await writeFile(state().database, "")
  const later = new Date(Date.now() + 3_600_000)
  await utimes(state().database, later, later)
  try {
    const of = await examined(config(0))
    assert.match(of("state")?.next ?? "", /chmod 700/)
    assert.match(of("clock")?.says ?? "", /gone back/)
  } finally {
    await rm(state().root, { recursive: true })
  }
  assert.equal((await examined(config(0)))("clock")?.verdict, "fine")
})

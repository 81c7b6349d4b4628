import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { after, test } from "node:test"
import { systemClock } from "../../kernel/time/clock.ts"
import { minutes } from "../../kernel/time/duration.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { clearUnfinished, createDirectoryBuilder } from "./directory-builder.ts"

const folder = mkdtempSync(join(tmpdir(), "conveyor-builder-"))
after(() => rmSync(folder, { recursive: true }))

const work = join(folder, "work")
const git = (...argv: string[]) =>
  execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-C", work, ...argv], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim()
execFileSync("git", ["init", "-q", "-b", "main", work])
writeFileSync(join(work, "rose.txt"), "red")
git("add", ".")
git("commit", "-qm", "Add a rose\n\nand more")
const commit = git("rev-parse", "HEAD")

let count = 0
const newBuilder = () => {
  const artifacts = join(folder, `artifacts-${count++}`)
  return {
    artifacts,
    builder: createDirectoryBuilder({ repository: join(work, ".git"), artifacts, logs: join(folder, "logs"), clock: systemClock }),
  }
}
const quiet = { withinMs: minutes(5), environment: {}, signal: new AbortController().signal, onLine: () => {} }

test("a commit is built once: the second call finds the artifact and runs nothing", async () => {
  const { builder } = newBuilder()
  const lines: string[] = []
  const run = { ...quiet, command: "echo building; cp rose.txt bouquet.txt", onLine: (line: string) => lines.push(line) }
  const first = await builder.build(commit, run)
  assert.equal(readFileSync(join(first.ref, "bouquet.txt"), "utf8"), "red")
  assert.deepEqual(await builder.build(commit, run), first)
  assert.deepEqual(lines, ["building"])
})

test("a build that fails tells the code and its last lines, and leaves no artifact", async () => {
  const { artifacts, builder } = newBuilder()
  await assert.rejects(builder.build(commit, { ...quiet, command: "echo thorn; exit 3" }), (thrown) => {
    assert.ok(thrown instanceof ConveyorError)
    assert.match(thrown.message, /code 3:\nthorn/)
    return true
  })
  assert.deepEqual(readdirSync(artifacts), [])
})

test("a build that is cancelled ends its processes and leaves no artifact", async () => {
  const { artifacts, builder } = newBuilder()
  const controller = new AbortController()
  const pidFile = join(folder, "pid")
  const building = builder.build(commit, {
    ...quiet,
    signal: controller.signal,
    command: `sleep 60 & echo $! > ${pidFile}; echo up; wait`,
    onLine: () => controller.abort(new Error("enough")),
  })
  await assert.rejects(building, /enough/)
  assert.equal(existsSync(`/proc/${readFileSync(pidFile, "utf8").trim()}/exe`), false)
  assert.deepEqual(readdirSync(artifacts), [])
})

test("tests run beside the artifact, not in it", async () => {
  const { builder } = newBuilder()
  const artifact = await builder.build(commit, { ...quiet, command: undefined })
  await builder.runIn(artifact, { ...quiet, command: "test -f rose.txt && echo wilted > rose.txt" })
  assert.equal(readFileSync(join(artifact.ref, "rose.txt"), "utf8"), "red")
})

test("a file of a commit is read as it was committed, and a commit that is missing is named", async () => {
  const { builder } = newBuilder()
  assert.equal(await builder.readFile(commit, "rose.txt"), "red")
  assert.equal(await builder.readFile(commit, "tulip.txt"), undefined)
  assert.deepEqual(await builder.resolve("main"), { commit, subject: "Add a rose" })
  await assert.rejects(builder.resolve("no-such-branch"), (thrown) => thrown instanceof ConveyorError && thrown.code === "no-such-commit")
})

test("what a killed builder has left half-way is cleared, finished artifacts stay", async () => {
  const { artifacts, builder } = newBuilder()
  await clearUnfinished(artifacts, systemClock)
  const { ref: directory } = await builder.build(commit, { ...quiet, command: undefined })
  for (const name of ["unfinished-a", "scratch-b"]) {
    mkdirSync(join(artifacts, name))
    writeFileSync(join(artifacts, name, "rose.txt"), "half")
  }
  await clearUnfinished(artifacts, systemClock)
  assert.deepEqual(readdirSync(artifacts), [basename(directory)])
})

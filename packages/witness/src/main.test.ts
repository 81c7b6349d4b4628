import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, describe, test } from "node:test"
import { fileURLToPath } from "node:url"
import { answerWell, readEvidence, startService } from "../test/service.ts"

const folder = await mkdtemp(join(tmpdir(), "witness-cli-"))
after(() => rm(folder, { recursive: true }))

const scenario = join(folder, "scenario.ts")
await writeFile(
  scenario,
  `export default { name: "cli", lookUp: async () => true, requests: [{ weight: 1, make: () => ({ method: "POST", path: "/payments", acknowledged: () => ({ store: "s", key: "k" }) }) }] }`,
)

describe("the witness command", { concurrency: true }, () => {
  test("exits with 0 where nothing failed, and prints the result as JSON", async () => {
    await using service = await startService(answerWell)
    const { code, stdout } = await run([
      "--target",
      service.url.href,
      "--scenario",
      scenario,
      "--seconds",
      "1",
      "--out",
      join(folder, "well"),
      "--json",
    ])
    assert.equal(code, 0)
    assert.deepEqual(JSON.parse(stdout), (await readEvidence(join(folder, "well"))).result)
  })

  test("exits with 1 where something failed, and names it", async () => {
    await using service = await startService((_, response) => void response.writeHead(503).end())
    const { code, stdout } = await run([
      "--target",
      service.url.href,
      "--scenario",
      scenario,
      "--seconds",
      "1",
      "--out",
      join(folder, "ill"),
    ])
    assert.equal(code, 1)
    assert.match(stdout, /(\d+) failed of \1 \(\1 server-error\)/)
  })

  test("exits with 3 where nothing failed, and nobody can tell whether the writes were kept", async () => {
    await using service = await startService(answerWell)
    const file = join(folder, "unknown.ts")
    await writeFile(file, `import known from "./scenario.ts"\nexport default { ...known, lookUp: undefined }`)
    const { code, stdout } = await run([
      "--target",
      service.url.href,
      "--scenario",
      file,
      "--seconds",
      "1",
      "--out",
      join(folder, "unknown"),
    ])
    assert.equal(code, 3)
    assert.match(stdout, /(\d+) writes acknowledged: 0 found, 0 lost, \1 unknown/)
  })

  test("on SIGTERM ends what is under way and writes everything down", async () => {
    await using service = await startService(async (request, response) => {
      await new Promise((resolve) => setTimeout(resolve, 200))
      await answerWell(request, response)
    })
    const out = join(folder, "stopped")
    const { code } = await run(["--target", service.url.href, "--scenario", scenario, "--out", out], { terminateWhen: "requests" })
    assert.equal(code, 0)
    const { result, acknowledged, progress } = await readEvidence(out)
    assert.ok(result.requests.total > 0)
    assert.equal(acknowledged.length, result.requests.total)
    assert.equal(progress.at(-1)?.requests, result.requests.total)
  })

  for (const [what, args, says] of [
    ["an unknown option", ["--target", "http://127.0.0.1:1", "--scenario", scenario, "--frobnicate"], /unknown option '--frobnicate'/],
    ["a target that is no URL", ["--target", "localhost:80", "--scenario", scenario], /not an http or https URL/],
    ["a rate that is no number", ["--target", "http://127.0.0.1:1", "--scenario", scenario, "--rate", "fast"], /not a whole number/],
    ["a scenario that is missing", ["--target", "http://127.0.0.1:1", "--scenario", join(folder, "none.ts")], /none\.ts cannot be loaded/],
    ["no scenario", ["--target", "http://127.0.0.1:1"], /required option '--scenario <file>'/],
  ] as const) {
    test(`with ${what} exits with 2 and says why`, async () => {
      const { code, stderr } = await run(args)
      assert.equal(code, 2)
      assert.match(stderr, says)
    })
  }

  for (const [what, text, says] of [
    ["exports nothing", "export const x = 1", /no default export/],
    ["has no requests", `export default { name: "x", requests: [] }`, /`requests` is not a list with at least one/],
    [
      "has a request without a weight",
      `export default { name: "x", requests: [{ make() {} }] }`,
      /`requests\[0\]` has no positive `weight`/,
    ],
    [
      "has a page without a document",
      `export default { name: "x", requests: [{ weight: 1, make() {} }], page: {} }`,
      /`page.document` is not a path/,
    ],
  ] as const) {
    test(`with a scenario that ${what} exits with 2 and says what is wrong`, async () => {
      const file = join(folder, `${what.replaceAll(" ", "-")}.ts`)
      await writeFile(file, text)
      const { code, stderr } = await run(["--target", "http://127.0.0.1:1", "--scenario", file])
      assert.equal(code, 2)
      assert.match(stderr, says)
    })
  }
})

interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs the command; `terminateWhen` sends it SIGTERM when its progress first says so. */
function run(args: readonly string[], { terminateWhen }: { terminateWhen?: string } = {}): Promise<Ran> {
  const main = fileURLToPath(new URL("main.ts", import.meta.url))
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] })
  const ran: Ran = { code: null, stdout: "", stderr: "" }
  child.stdout.on("data", (chunk: Buffer) => (ran.stdout += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => {
    ran.stderr += chunk.toString()
    if (terminateWhen !== undefined && !child.killed && ran.stderr.includes(terminateWhen)) child.kill("SIGTERM")
  })
  return new Promise((resolve) => child.on("close", (code) => resolve({ ...ran, code })))
}

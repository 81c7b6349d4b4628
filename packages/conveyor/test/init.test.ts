// What `conveyor init` writes is right for the first push as it is: the commit is built and passes its own tests.
import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { lookAt } from "../src/cli/init/look.ts"
import { templateFor } from "../src/cli/init/template.ts"
import { loadConfig } from "../src/config/load-config.ts"
import { systemClock } from "../src/kernel/time/clock.ts"
import { createDirectoryBuilder } from "../src/runtime/process/directory-builder.ts"

test("the first commit with the file as it was written is built and passes its tests, also where these need packages of development", async () => {
  const root = await mkdtemp(join(tmpdir(), "conveyor-init-"))
  const folder = join(root, "shop")
  const run = (command: string, ...argv: string[]) => execFileSync(command, argv, { cwd: folder, encoding: "utf8", stdio: "pipe" })
  try {
    await mkdir(join(folder, "thorns"), { recursive: true })
    const files = {
      "package.json": JSON.stringify({
        name: "shop",
        version: "1.0.0",
        scripts: { test: "node -e \"require('thorns')\"" },
        devDependencies: { thorns: "file:thorns" },
      }),
      "thorns/package.json": JSON.stringify({ name: "thorns", version: "1.0.0", main: "index.js" }),
      "thorns/index.js": "",
      ".gitignore": "node_modules\n",
    }
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    run("npm", "install", "--package-lock-only", "--offline", "--no-audit", "--no-fund")
    const reference = await readFile(join(import.meta.dirname, "../src/config/reference.yml"), "utf8")
    await writeFile(join(folder, "conveyor.yml"), templateFor(await lookAt(folder), reference))
    run("git", "init", "--quiet")
    run("git", "add", "--all")
    run("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "First")
    const commit = run("git", "rev-parse", "HEAD").trim()

    const [artifacts, logs] = [join(root, "artifacts"), join(root, "logs")]
    const builder = createDirectoryBuilder({ repository: join(folder, ".git"), artifacts, logs, clock: systemClock })
    const { build, test: tests } = loadConfig((await builder.readFile(commit, "conveyor.yml")) ?? "", "conveyor.yml", {})
    assert.deepEqual([build?.run, tests?.run], ["npm ci", "npm test"])
    const how = { withinMs: 60_000, signal: new AbortController().signal, onLine: () => {} }
    const artifact = await builder.build(commit, { command: build?.run, environment: build?.environment ?? {}, ...how })
    await builder.runIn(artifact, { command: tests?.run ?? "false", environment: tests?.environment ?? {}, ...how })
  } finally {
    await rm(root, { recursive: true })
  }
})

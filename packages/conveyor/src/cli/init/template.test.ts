import assert from "node:assert/strict"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { test } from "node:test"
import fc from "fast-check"
import { loadConfig } from "../../config/load-config.ts"
import { revealed } from "../../kernel/secret.ts"
import { lookAt } from "./look.ts"
import type { Look } from "./look.ts"
import { templateFor } from "./template.ts"

const reference = await readFile(join(import.meta.dirname, "..", "..", "config", "reference.yml"), "utf8")
const configOf = (look: Look) => loadConfig(templateFor(look, reference), "conveyor.yml", {})

async function inFolder<T>(name: string, files: Readonly<Record<string, string>>, body: (folder: string) => Promise<T>): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), "conveyor-init-"))
  const folder = join(root, name)
  try {
    await mkdir(folder)
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, file)), { recursive: true })
      await writeFile(join(folder, file), text)
    }
    return await body(folder)
  } finally {
    await rm(root, { recursive: true })
  }
}

const node = (more: object) => JSON.stringify({ name: "x", ...more })
const commandsOf = (files: Readonly<Record<string, string>>) =>
  inFolder("my Shop_2", files, async (folder) => {
    const { name, build, test: tests, services, environment } = configOf(await lookAt(folder))
    assert.equal(name, "my-shop-2")
    return { build: build?.run, test: tests?.run, start: services["web"]?.start, environment: revealed(environment) }
  })

test("what an application is built, tested and started with is what its own files say", async () => {
  const production = { NODE_ENV: "production" }
  const open = "node server.js"
  const cases: [
    files: Readonly<Record<string, string>>,
    build: string | undefined,
    tests: string | undefined,
    start: string,
    environment: object,
  ][] = [
    [{}, undefined, undefined, open, {}],
    [{ "package.json": "{ broken", "index.js": "" }, undefined, undefined, "node index.js", production],
    [{ "package.json": node({}) }, undefined, undefined, open, production],
    [{ "package.json": node({ main: "lib/x.js", dependencies: { a: "1" } }) }, "npm install", undefined, "node lib/x.js", production],
    [
      {
        "package.json": node({ scripts: { test: "node --test", start: "node .", build: "tsc" }, devDependencies: { a: "1" } }),
        "package-lock.json": "",
      },
      "npm ci && npm run build",
      "npm test",
      "npm start",
      production,
    ],
    [{ "package.json": node({ scripts: { test: 'echo "Error: no test specified" && exit 1' } }) }, undefined, undefined, open, production],
    [
      { "package.json": node({ scripts: { test: "vitest" } }), "pnpm-lock.yaml": "" },
      "pnpm install --frozen-lockfile",
      "pnpm test",
      open,
      production,
    ],
    [
      { "requirements.txt": "flask\npytest\n", "app.py": "" },
      "python3 -m venv .venv && .venv/bin/python -m pip install -r requirements.txt",
      ".venv/bin/python -m pytest",
      ".venv/bin/python app.py",
      {},
    ],
    [
      { "composer.json": "{}", "public/index.php": "", "package.json": node({}) },
      "composer install --no-interaction",
      undefined,
      'php -S "$HOST:$PORT" -t public',
      {},
    ],
    [{ "go.mod": "module x" }, "go build -o app .", "go test ./...", "./app", {}],
    [
      { Procfile: "release: ./migrate\nweb: bin/serve -p ${PORT:-8000} # all\n", "package.json": node({}) },
      undefined,
      undefined,
      "bin/serve -p ${PORT:-8000} # all",
      production,
    ],
  ]
  for (const [files, build, tests, start, environment] of cases) {
    assert.deepEqual(await commandsOf(files), { build, test: tests, start, environment }, JSON.stringify(files))
  }
})

test("whatever a command holds, the file that is written says exactly that", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }).filter((text) => /\S/.test(text) && !text.includes("\0")),
      (start) => {
        const look = { kind: undefined, name: "shop", build: start, test: start, start, environment: {}, remarks: [] }
        const { build, test: tests, services } = configOf(look)
        assert.deepEqual([build?.run, tests?.run, services["web"]?.start], [start, start, start])
      },
    ),
    { numRuns: 100 },
  )
})

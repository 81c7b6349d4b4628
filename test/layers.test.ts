// The arrow between the layers is kept by the linter: one bad import of each kind is planted, and each has to be named.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { test } from "node:test"
import { layerTable, withLayerOverrides, withLayerTable } from "../scripts/layers.ts"

const root = resolve(import.meta.dirname, "..")

interface Finding {
  filename: string
  code: string
  message: string
  help?: string
}

interface Plant {
  file: string
  imports: string
  told: RegExp
}

const kernelAlone = /imports only the kernel: the arrow is/
const portsOnly = /Only wiring\/ names concrete adapters/

const plants: readonly Plant[] = [
  { file: "packages/conveyor/src/kernel/planted.ts", imports: "../release/plan.ts", told: /The kernel imports nothing of ours/ },
  { file: "packages/conveyor/src/config/planted.ts", imports: "../store/store.ts", told: kernelAlone },
  { file: "packages/conveyor/src/store/planted.ts", imports: "../change/engine.ts", told: kernelAlone },
  { file: "packages/conveyor/src/change/planted.ts", imports: "../edge/edge.ts", told: kernelAlone },
  { file: "packages/conveyor/src/change/operations/planted.ts", imports: "../../runtime/runtime.ts", told: kernelAlone },
  { file: "packages/conveyor/src/runtime/process/planted.ts", imports: "../../release/plan.ts", told: kernelAlone },
  { file: "packages/conveyor/src/edge/planted.ts", imports: "../change/engine.ts", told: kernelAlone },
  { file: "packages/conveyor/src/watch/planted.ts", imports: "../wiring/wiring.ts", told: kernelAlone },
  { file: "packages/conveyor/src/release/planted.ts", imports: "../runtime/process/process-runtime.ts", told: portsOnly },
  { file: "packages/conveyor/src/release/steps/planted.ts", imports: "../../edge/embedded/adapter.ts", told: portsOnly },
  {
    file: "packages/conveyor/src/release/planted-upwards.ts",
    imports: "../server/api/api.ts",
    told: /may not import what stands above it/,
  },
  { file: "packages/conveyor/src/train/planted.ts", imports: "../server/api/api.ts", told: /may not import what stands above it/ },
  { file: "packages/conveyor/src/server/planted.ts", imports: "../wiring/wiring.ts", told: /may not import what stands above it/ },
  { file: "packages/conveyor/src/cli/commands/planted.ts", imports: "../../runtime/process/process-runtime.ts", told: portsOnly },
  { file: "packages/witness/src/planted.ts", imports: "../../conveyor/src/kernel/time/clock.ts", told: /The witness is a black box/ },
  {
    file: "florist/kit/src/planted.ts",
    imports: "../../../packages/conveyor/src/kernel/time/clock.ts",
    told: /Florist never imports the conveyor/,
  },
  { file: "florist/kit/src/planted-package.ts", imports: "conveyor/kernel", told: /Florist never imports the conveyor/ },
]

test("each layer's bad import is named by its rule, and a good one beside it is not", () => {
  const copy = mkdtempSync(join(tmpdir(), "conveyor-layers-"))
  try {
    copyFileSync(join(root, ".oxlintrc.json"), join(copy, ".oxlintrc.json"))
    for (const { file, imports } of plants) write(copy, file, imports)
    write(copy, "packages/conveyor/src/release/good.ts", "../runtime/runtime.ts")
    write(copy, "packages/conveyor/src/change/good.ts", "../kernel/time/clock.ts")
    write(copy, "packages/conveyor/src/good.ts", "./runtime/process/process-runtime.ts")

    const found = lint(copy, ["packages", "florist"])
    for (const { file, told } of plants) {
      const own = found.filter(({ filename }) => filename === file)
      assert.equal(own.length, 1, `${file} is named once`)
      assert.match(`${own[0]?.message ?? ""} ${own[0]?.help ?? ""}`, told, file)
    }
    assert.equal(found.length, plants.length, "nothing else is named")
  } finally {
    rmSync(copy, { recursive: true })
  }
})

test("the lint's rules and the table in CONTRIBUTING are those of the one list", () => {
  const read = (file: string) => readFileSync(join(root, file), "utf8")
  assert.deepEqual(JSON.parse(read(".oxlintrc.json")), JSON.parse(withLayerOverrides(read(".oxlintrc.json"))))
  assert.equal(read("CONTRIBUTING.md"), withLayerTable(read("CONTRIBUTING.md")))
  assert.ok(read("CONTRIBUTING.md").includes(layerTable()))
})

test("the tree as it is keeps the arrow", () => {
  assert.deepEqual(lint(root, ["packages", "florist"]), [])
})

function write(copy: string, file: string, imports: string): void {
  mkdirSync(dirname(join(copy, file)), { recursive: true })
  writeFileSync(join(copy, file), `import * as planted from "${imports}"\n\nexport const use = planted\n`)
}

/** What the rule of the layers says of these folders. */
function lint(directory: string, folders: readonly string[]): Finding[] {
  const oxlint = join(root, "node_modules", ".bin", "oxlint")
  const { stdout, error } = spawnSync(oxlint, ["--format", "json", ...folders], { cwd: directory, encoding: "utf8", maxBuffer: 64 << 20 })
  if (error !== undefined) throw error
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: Finding[] }
  return diagnostics.filter(({ code }) => code.includes("no-restricted-imports"))
}

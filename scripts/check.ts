// npm run check: everything about the code that can be known without running it. Each check is run even where one
// before it failed, so that one run tells all.
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"

interface Check {
  name: string
  /** What a red one asks for. */
  remedy: string
  command: readonly string[]
}

const checks: readonly Check[] = [
  { name: "types", remedy: "tsc names the places", command: ["tsc", "--project", "."] },
  {
    name: "lint and layers",
    remedy: "oxlint names the places; the layers are in .oxlintrc.json",
    command: ["oxlint", "--type-aware", "--deny-warnings"],
  },
  { name: "format", remedy: "npm run format", command: ["oxfmt", "--check"] },
  {
    name: "florist's lockfile",
    remedy: "cd florist && npm install --package-lock-only",
    command: ["npm", "ci", "--dry-run", "--loglevel=error", "--prefix", "florist"],
  },
  { name: "dead code", remedy: "delete what knip names", command: ["knip", "--no-progress"] },
]

const failed = checks.filter((check) => !passes(check))
const lockfiles = ["package-lock.json", "florist/package-lock.json"].filter(namesRegistry)
for (const file of lockfiles) print(`✖ ${file} names download addresses: npm install --omit-lockfile-registry-resolved`)
if (failed.length > 0 || lockfiles.length > 0) process.exitCode = 1

function passes({ name, remedy, command: [program = "", ...argv] }: Check): boolean {
  const startedAt = Date.now()
  const { status, stdout, stderr } = spawnSync(program, argv, { encoding: "utf8" })
  const took = `${((Date.now() - startedAt) / 1_000).toFixed(1)} s`
  if (status === 0) {
    print(`✔ ${name} (${took})`)
    return true
  }
  print(`✖ ${name} (${took}): ${remedy}\n${stdout}${stderr}`)
  return false
}

/** Such an address holds only on the network that the lockfile was made on. */
function namesRegistry(file: string): boolean {
  return readFileSync(file, "utf8").includes('"resolved": "http')
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

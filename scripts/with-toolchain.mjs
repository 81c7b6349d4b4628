// Runs a script of this repository with the repository's own toolchain, installing it first where it is
// missing or older than the lockfile. Called by the npm scripts. Plain JavaScript, because it has to run on
// the machine's own Node (20 or newer) before anything is installed.
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { constants } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = join(root, "node_modules", ".bin")
const stamp = join(root, "node_modules", ".installed-lockfile")

installWhereStale()
runWithToolchain(process.argv.slice(2))

function installWhereStale() {
  const lockfile = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex")
  const installed = existsSync(stamp) ? readFileSync(stamp, "utf8") : "nothing"
  if (installed === lockfile && existsSync(join(bin, "node"))) return

  process.stderr.write("Installing what package-lock.json names (npm ci); this happens once.\n")
  // `npm run --silent` would pass its silence on; the machine's older Node would be warned of, and is not what runs.
  const install = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root, stdio: ["ignore", 2, 2] })
  if (install.status !== 0) {
    process.stderr.write("npm ci failed; its own words are above. Mend that and run the same command again.\n")
    process.exit(install.status ?? 1)
  }
  writeFileSync(stamp, lockfile)
}

function runWithToolchain(argv) {
  const child = spawn(join(bin, "node"), ["--disable-warning=ExperimentalWarning", ...argv], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` },
  })
  // The terminal sends Ctrl-C to the whole group, so the child has it already; this process only waits for
  // the child to clean up. A SIGTERM reaches this process alone and is passed on.
  process.on("SIGINT", () => {})
  process.on("SIGTERM", () => child.kill("SIGTERM"))
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}

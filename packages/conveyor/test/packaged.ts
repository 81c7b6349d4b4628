// The first five minutes of the README, word for word, from the tarballs, in an empty folder. Called by the tests of the package, on
// one Node or another. Other than written there are the port, which may be taken, and how long the bake takes.
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { freePort } from "../src/kernel/process/free-port.ts"

const root = resolve(import.meta.dirname, "../../..")

export interface Packed extends Disposable {
  /** Where the tarballs are. */
  folder: string
  conveyor: string
  witness: string
}

export function pack(): Packed {
  const folder = mkdtempSync(join(tmpdir(), "conveyor-tarballs-"))
  const said = execFileSync(process.execPath, [join(root, "scripts/pack/pack.ts"), "--out", folder], { encoding: "utf8" })
  const [conveyor = "", witness = ""] = said.trim().split("\n")
  return { folder, conveyor, witness, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

/** The blocks of shell in the README, in their order. */
function blocks(): string[] {
  const readme = readFileSync(join(root, "packages/conveyor/README.md"), "utf8")
  return [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block)
}

/** Gives what each block printed. `node`: the program that runs everything. @throws where a command of a block fails */
export async function firstFiveMinutes({ conveyor, node }: { conveyor: string; node: string }): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "conveyor-first-minutes-"))
  const port = String(await freePort())
  const shell = (script: string, cwd: string) => run(script, cwd, environment(node, folder))
  const said: string[] = []
  try {
    let where = folder
    for (const block of blocks()) {
      const script = block
        .replace("@conveyor-release/conveyor", conveyor)
        .replaceAll("8080", port)
        .replace("conveyor init\n", `conveyor init\n${tuned(port)}\n`)
      said.push(shell(script, where))
      where = join(folder, "shop")
    }
    return said
  } finally {
    spawnSync("conveyor", ["down"], { cwd: join(folder, "shop"), env: environment(node, folder), stdio: "ignore" })
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

const tuned = (port: string) =>
  `sed -i 's/^# edge:/edge:/; s/^#   listen: 127.0.0.1:8080/  listen: 127.0.0.1:${port}/; s/    for: 30s/    for: 1s/' conveyor.yml`

function run(script: string, cwd: string, env: NodeJS.ProcessEnv): string {
  const { status, stdout, stderr } = spawnSync("bash", ["-euo", "pipefail", "-c", script], { cwd, encoding: "utf8", env })
  if (status === 0) return stderr + stdout
  throw new Error(`a block of the README ended with code ${status}:\n${script}\n${stdout}${stderr}`)
}

/** What is installed globally goes into the folder. */
function environment(node: string, folder: string): NodeJS.ProcessEnv {
  const names = { AUTHOR: "Anna", COMMITTER: "Anna" }
  const who = Object.entries(names).flatMap(([role, name]) => [
    [`GIT_${role}_NAME`, name],
    [`GIT_${role}_EMAIL`, "anna@shop.example"],
  ])
  const prefix = join(folder, "npm")
  const path = [join(prefix, "bin"), dirname(node), process.env["PATH"]].join(":")
  return { ...process.env, ...Object.fromEntries(who), npm_config_prefix: prefix, PATH: path, NO_COLOR: "1" }
}

/** A Node of npm's `node` package, in a folder of its own. */
export function installNode(version: string, folder: string): string {
  execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, `node@${version}`], {
    stdio: ["ignore", 2, 2],
  })
  return join(folder, "node_modules", "node", "bin", "node")
}

// The layers of packages/conveyor/src, once: the lint's rules and the table in CONTRIBUTING.md are made from this list,
// and test/layers.test.ts holds both against it. `node scripts/layers.ts` writes them anew.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** From the bottom up. A folder imports itself and the tiers below its own; those of one tier never each other. */
const tiers: readonly { readonly folders: readonly string[]; readonly holds: string }[] = [
  { folders: ["kernel"], holds: "clock, waits, retries, errors, files that survive a kill; imports nothing of ours" },
  { folders: ["config", "store", "change", "runtime", "edge", "watch"], holds: "the middle: each imports only the kernel, never another" },
  { folders: ["release"], holds: "plan and machine (pure), the journal, the steps; `run.ts` is where to begin reading" },
  { folders: ["train"], holds: "what is next" },
  { folders: ["server"], holds: "the control plane and its API" },
  { folders: ["wiring"], holds: "the only folder that names adapters" },
  { folders: ["cli"], holds: "the command" },
]
/** These see ports, and no adapter behind them. */
const portsOnly = ["release", "train", "server", "cli"]
const adapters = ["**/store/*/**", "**/runtime/*/**", "**/edge/*/**", "**/watch/notify/**", "**/watch/export/**"]
const arrow = "the arrow is kernel <- middle <- release <- train <- server <- wiring <- cli."
const source = "packages/conveyor/src"
const [begins, ends] = ["<!-- layers -->", "<!-- /layers -->"]

interface Override {
  files: string[]
  rules: { "no-restricted-imports": [string, { patterns: object[] }] }
}

/** The lint's rules of the layers. */
export function layerOverrides(): Override[] {
  return tiers.flatMap(({ folders }, tier) => folders.filter(isFolder).map((folder) => overrideOf(folder, tier)))
}

/** CONTRIBUTING's table of the layers. */
export function layerTable(): string {
  const rows = tiers.map(({ folders, holds }) => `| ${folders.map((folder) => `\`${folder}\``).join(" ")} | ${holds} |`)
  return [`| in \`${source}\`, from the bottom up | what |`, "|-|-|", ...rows].join("\n")
}

export function withLayerTable(text: string): string {
  return `${text.slice(0, text.indexOf(begins) + begins.length)}\n\n${layerTable()}\n\n${text.slice(text.indexOf(ends))}`
}

export function withLayerOverrides(text: string): string {
  const config = JSON.parse(text) as { overrides: { files: string[] }[] }
  const others = config.overrides.filter(({ files }) => files.every((file) => !file.startsWith(`${source}/`)))
  return `${JSON.stringify({ ...config, overrides: [...layerOverrides(), ...others] }, undefined, 2)}\n`
}

const isFolder = (name: string) => !name.endsWith(".ts")

function overrideOf(folder: string, tier: number): Override {
  const lower = tiers.slice(0, tier).flatMap(({ folders }) => folders)
  const forbidden = tiers.flatMap(({ folders }) => folders).filter((name) => name !== folder && !lower.includes(name))
  const patterns = [
    ...(forbidden.length > 0 ? [{ regex: `^(\\.\\.?/)+(${forbidden.map(inPath).join("|")})`, message: messageOf(folder, tier) }] : []),
    ...(portsOnly.includes(folder) ? [{ group: adapters, message: "Only wiring/ names concrete adapters; ask the port." }] : []),
  ]
  return { files: [`${source}/${folder}/**`], rules: { "no-restricted-imports": ["error", { patterns }] } }
}

const inPath = (name: string) => (isFolder(name) ? `${name}/` : name.replace(".", "\\."))

function messageOf(folder: string, tier: number): string {
  if (tier === 0) return "The kernel imports nothing of ours."
  return tier === 1 ? `${folder}/ imports only the kernel: ${arrow}` : `${folder}/ may not import what stands above it: ${arrow}`
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..")
  for (const [file, change] of [
    [".oxlintrc.json", withLayerOverrides],
    ["CONTRIBUTING.md", withLayerTable],
  ] as const) {
    const path = join(root, file)
    writeFileSync(path, change(readFileSync(path, "utf8")))
  }
}

// npm run pack: the tarballs that one installs, built by tsc from what their programs reach, with the files that those read.
// `--out <folder>` says where they go; the last lines printed are their paths.
import { execFileSync } from "node:child_process"
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { published } from "./published.ts"
import type { Published } from "./published.ts"

const root = resolve(import.meta.dirname, "../..")
const { values } = parseArgs({ options: { out: { type: "string", default: "." } } })
const out = resolve(values.out)

mkdirSync(out, { recursive: true })
for (const each of published) process.stdout.write(`${pack(each)}\n`)

function pack(one: Published): string {
  const stage = mkdtempSync(join(tmpdir(), "conveyor-pack-"))
  try {
    compile(one, stage)
    copyWhatIsRead(one, stage)
    writeFileSync(join(stage, "package.json"), `${JSON.stringify(manifestOf(one), undefined, 2)}\n`)
    for (const file of ["README.md", "CHANGELOG.md"]) cpSync(join(root, one.folder, file), join(stage, file))
    cpSync(join(root, "LICENSE"), join(stage, "LICENSE"))
    const tarball = execFileSync("npm", ["pack", "--silent", "--pack-destination", out], { cwd: stage, encoding: "utf8" }).trim()
    return join(out, tarball)
  } finally {
    rmSync(stage, { recursive: true })
  }
}

function compile({ folder, bin, exports, programs }: Published, stage: string): void {
  const source = join(root, folder, "src")
  const project = join(stage, "tsconfig.json")
  const options = {
    extends: join(root, "tsconfig.build.json"),
    compilerOptions: { rootDir: source, outDir: join(stage, "dist"), typeRoots: [join(root, "node_modules/@types")] },
    files: [...Object.values(bin), ...Object.values(exports), ...programs].map((file) => join(source, file)),
  }
  writeFileSync(project, JSON.stringify(options))
  execFileSync(join(root, "node_modules/.bin/tsc"), ["--project", project], { stdio: ["ignore", 2, 2] })
  rmSync(project)
}

/** Migrations, templates, what browsers get: everything beside the code that is not code. */
function copyWhatIsRead({ folder }: Published, stage: string): void {
  const source = join(root, folder, "src")
  for (const file of globSync("**/*.{sql,yml,browser.js}", { cwd: source })) {
    mkdirSync(dirname(join(stage, "dist", file)), { recursive: true })
    cpSync(join(source, file), join(stage, "dist", file))
  }
}

function manifestOf({ folder, name, bin, exports, node }: Published): object {
  const own = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Record<string, unknown>
  const built = (file: string) => `./dist/${file.replace(/\.ts$/, ".js")}`
  const typed = (file: string) => ({ types: `./dist/${file.replace(/\.ts$/, ".d.ts")}`, default: built(file) })
  return {
    name,
    version: own["version"],
    description: own["description"],
    license: own["license"],
    type: "module",
    bin: Object.fromEntries(Object.entries(bin).map(([command, file]) => [command, built(file)])),
    exports: { ...Object.fromEntries(Object.entries(exports).map(([as, file]) => [as, typed(file)])), "./package.json": "./package.json" },
    files: ["dist", "CHANGELOG.md"],
    engines: { node },
    dependencies: own["dependencies"],
    publishConfig: { access: "public" },
  }
}

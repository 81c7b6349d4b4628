// What kind of application lies in a folder, and the commands that build, test and start it as its own tools would. Called by
// `conveyor init`; what nothing is known about stays open.
import { readFile, readdir } from "node:fs/promises"
import { basename, join } from "node:path"
import { z } from "zod"
import { commandOfDockerfile, remarksOn } from "./remarks.ts"
import type { Folder } from "./remarks.ts"
import { jsonOf } from "../../kernel/json.ts"

export interface Look {
  /** "a Node application", or undefined where nothing was recognised. */
  kind: string | undefined
  name: string
  build: string | undefined
  test: string | undefined
  start: string | undefined
  /** "production" settings that such an application is commonly started with. */
  environment: Readonly<Record<string, string>>
  /** What else lies there, and what to do about it. */
  remarks: readonly string[]
}

type Commands = Pick<Look, "build" | "test" | "start"> & { environment?: Look["environment"] }

/** Of several kinds, the first: a package.json beside a composer.json mostly builds its assets, and is looked at after it. */
const kinds: readonly { file: string; kind: string; commands: (folder: Folder) => Promise<Commands> }[] = [
  { file: "composer.json", kind: "a PHP application", commands: ofPhp },
  { file: "pyproject.toml", kind: "a Python application", commands: ofPython },
  { file: "requirements.txt", kind: "a Python application", commands: ofPython },
  {
    file: "go.mod",
    kind: "a Go application",
    commands: async () => ({ build: "go build -o app .", test: "go test ./...", start: "./app" }),
  },
  { file: "package.json", kind: "a Node application", commands: ofNode },
]

export async function lookAt(directory: string): Promise<Look> {
  const files = new Set(await readdir(directory))
  const folder: Folder = {
    has: (...names) => names.find((name) => files.has(name)),
    text: (name) => readFile(join(directory, name), "utf8"),
  }
  const found = kinds.find(({ file }) => files.has(file))
  const commands = await found?.commands(folder)
  return {
    kind: found?.kind,
    name: nameFrom(basename(directory)),
    build: commands?.build,
    test: commands?.test,
    // Whoever wrote a Procfile has said how it starts.
    start: (await webOfProcfile(folder)) ?? commands?.start ?? (await commandOfDockerfile(folder)),
    environment: commands?.environment ?? {},
    remarks: await remarksOn(folder),
  }
}

/** Small letters, digits and dashes, as conveyor.yml wants a name. */
function nameFrom(text: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "")
    .slice(0, 40)
  return name === "" ? "app" : name
}

async function webOfProcfile(folder: Folder): Promise<string | undefined> {
  if (folder.has("Procfile") === undefined) return undefined
  return /^web:\s*(\S.*?)\s*$/m.exec(await folder.text("Procfile"))?.[1]
}

const packageJson = z.looseObject({
  main: z.string().optional(),
  scripts: z.record(z.string(), z.string()).default({}),
  dependencies: z.record(z.string(), z.unknown()).default({}),
  devDependencies: z.record(z.string(), z.unknown()).default({}),
})

/** By the lock file; tests need what is for development only, so nothing is left out. */
const installers = [
  { lock: "package-lock.json", install: "npm ci", run: "npm" },
  { lock: "npm-shrinkwrap.json", install: "npm ci", run: "npm" },
  { lock: "pnpm-lock.yaml", install: "pnpm install --frozen-lockfile", run: "pnpm" },
  { lock: "bun.lock", install: "bun install --frozen-lockfile", run: "bun" },
  { lock: "yarn.lock", install: "yarn install --frozen-lockfile", run: "yarn" },
] as const

async function ofNode(folder: Folder): Promise<Commands> {
  const { scripts, main, dependencies, devDependencies } = packageJson
    .catch({ scripts: {}, dependencies: {}, devDependencies: {} })
    .parse(jsonOf(await folder.text("package.json")))
  const installer = installers.find(({ lock }) => folder.has(lock) !== undefined)
  const needsPackages = Object.keys({ ...dependencies, ...devDependencies }).length > 0
  const run = installer?.run ?? "npm"
  const install = installer?.install ?? (needsPackages ? "npm install" : undefined)
  const build = [install, scripts["build"] === undefined ? undefined : `${run} run build`].filter((each) => each !== undefined)
  // `npm init` names an index.js, whether there is one or not.
  const named = main === undefined ? undefined : folder.has(main)
  const entry = named ?? folder.has("server.js", "server.mjs", "app.js", "index.js", "main.js") ?? main
  return {
    build: build.length === 0 ? undefined : build.join(" && "),
    // `npm init` writes one that always fails.
    test: scripts["test"] === undefined || scripts["test"].includes("no test specified") ? undefined : `${run} test`,
    start: scripts["start"] === undefined ? entry && `node ${entry}` : `${run} start`,
    environment: { NODE_ENV: "production" },
  }
}

async function ofPython(folder: Folder): Promise<Commands> {
  // A build is moved when it is done: the interpreter of a virtual environment finds itself then, its scripts do not.
  const python = ".venv/bin/python"
  const what = folder.has("requirements.txt") === undefined ? "." : "-r requirements.txt"
  const wanted = (
    await Promise.all(
      ["requirements.txt", "requirements-dev.txt", "pyproject.toml"].map(async (name) =>
        folder.has(name) === undefined ? "" : folder.text(name),
      ),
    )
  ).join("\n")
  const entry = folder.has("server.py", "app.py", "main.py")
  return {
    build: `python3 -m venv .venv && ${python} -m pip install ${what}`,
    test: /\bpytest\b/.test(wanted) ? `${python} -m pytest` : undefined,
    start: entry === undefined ? undefined : `${python} ${entry}`,
  }
}

async function ofPhp(folder: Folder): Promise<Commands> {
  const { scripts } = z
    .looseObject({ scripts: z.record(z.string(), z.unknown()).default({}) })
    .catch({ scripts: {} })
    .parse(jsonOf(await folder.text("composer.json")))
  return {
    build: "composer install --no-interaction",
    test: scripts["test"] === undefined ? undefined : "composer test",
    start: `php -S "$HOST:$PORT"${folder.has("public") === undefined ? "" : " -t public"}`,
  }
}

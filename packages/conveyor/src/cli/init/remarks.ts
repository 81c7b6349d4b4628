// What else lies in a folder and is not taken over as it is: a Dockerfile, a compose file, migrations. Said to whoever runs
// `conveyor init`, with what to do about each, since silence would look as if it had been seen to. Called by look.ts.
import { parse } from "yaml"
import { z } from "zod"
import { describe } from "../../kernel/errors/errors.ts"

export interface Folder {
  has: (...names: string[]) => string | undefined
  text: (name: string) => Promise<string>
}

const dockerfiles = ["Dockerfile", "Containerfile"]
const composeFiles = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"]
/** Where the tools for it keep the migrations, and how each is run by a release. */
const migrations: readonly { at: string; run: string }[] = [
  { at: "prisma", run: "npx prisma migrate deploy" },
  { at: "drizzle", run: "npx drizzle-kit migrate" },
  { at: "alembic.ini", run: ".venv/bin/python -m alembic upgrade head" },
  { at: "manage.py", run: ".venv/bin/python manage.py migrate --noinput" },
  { at: "artisan", run: "php artisan migrate --force" },
  { at: "flyway.conf", run: "flyway migrate" },
  { at: "migrations", run: "<your tool's command>" },
  { at: "migrate", run: "<your tool's command>" },
]

export async function remarksOn(folder: Folder): Promise<string[]> {
  return [...(await onDockerfile(folder)), ...(await onCompose(folder)), ...onMigrations(folder)]
}

/** The shell form as it stands, the exec form as a command line; the last counts, as it does for Docker. */
export async function commandOfDockerfile(folder: Folder): Promise<string | undefined> {
  const name = folder.has(...dockerfiles)
  if (name === undefined) return undefined
  const { CMD, ENTRYPOINT } = instructionsOf(await folder.text(name))
  const words = [ENTRYPOINT, CMD].filter((each) => each !== undefined).map(commandLine)
  return words.length === 0 ? undefined : words.join(" ")
}

async function onDockerfile(folder: Folder): Promise<string[]> {
  const name = folder.has(...dockerfiles)
  if (name === undefined) return []
  const { CMD, ENTRYPOINT, EXPOSE } = instructionsOf(await folder.text(name))
  const taken =
    CMD === undefined && ENTRYPOINT === undefined ? "it has no CMD to take" : "its CMD is taken where nothing else says how to start"
  const port = EXPOSE === undefined ? "" : ` It EXPOSEs ${EXPOSE}: a copy listens on $PORT instead, another for each copy.`
  return [`${name}: ${taken}; no image is built, so what it installs has to be on this machine.${port}`]
}

/** By instruction, the last of each; a backslash continues a line. */
function instructionsOf(text: string): Readonly<Record<string, string>> {
  const lines = text
    .replaceAll(/^\s*#.*$/gm, "")
    .replaceAll(/\\\s*\n/g, " ")
    .split("\n")
  const found = lines.map((line) => /^\s*(CMD|ENTRYPOINT|EXPOSE)\s+(\S.*?)\s*$/i.exec(line)).filter((match) => match !== null)
  return Object.fromEntries(found.map(([, name = "", rest = ""]) => [name.toUpperCase(), rest]))
}

function commandLine(written: string): string {
  try {
    return z.array(z.string()).parse(JSON.parse(written)).map(quoted).join(" ")
  } catch {
    return written
  }
}

const quoted = (word: string) => (/^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)

const number = z.union([z.string(), z.number()])
const port = z.union([number, z.looseObject({ published: number.optional(), target: number })])

const compose = z.looseObject({
  services: z.record(
    z.string(),
    z.looseObject({ image: z.string().optional(), build: z.unknown().optional(), ports: z.array(port).default([]) }),
  ),
})

async function onCompose(folder: Folder): Promise<string[]> {
  const name = folder.has(...composeFiles)
  if (name === undefined) return []
  try {
    const { services } = compose.parse(parse(await folder.text(name)))
    return Object.entries(services).map(([service, { image, build, ports }]) => {
      const published = ports.map((port) => (typeof port === "object" ? `${port.published ?? ""}:${port.target}` : String(port))).join(", ")
      const at = published === "" ? "" : ` (ports ${published})`
      return build === undefined
        ? `${name}: ${service}${at} is ${image ?? "an image"}: run it as before, and name its URL under environment`
        : `${name}: ${service}${at} is built here: make it an entry of services, with its start and its routes; the edge publishes the port`
    })
  } catch (thrown) {
    const why =
      thrown instanceof z.ZodError ? "its services are not written as compose files have them" : describe(thrown).split("\n", 1)[0]
    return [`${name}: cannot be read, and was not looked at: ${why}`]
  }
}

function onMigrations(folder: Folder): string[] {
  const found = migrations.find(({ at }) => folder.has(at) !== undefined)
  if (found === undefined) return []
  return [
    `${found.at}: migrations of another tool. As release: { commands: { migrate: { run: ${found.run}, phase: before_expand } } } they run before new code does; as files in changes/ they can be taken back too`,
  ]
}

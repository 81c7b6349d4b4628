// A small platform for tests: one real server with a directory and a shard, its schema made from the change files as it stands
// between expand and contract, and copies of the service at any version of its history. Called by the tests beside it.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { startPostgres } from "@conveyor/testbed/postgres"
import pg from "pg"
import { parse } from "yaml"
import { layOut } from "../../../demo/src/history.ts"
import type { HistoryVersion } from "../../../demo/src/history.ts"

const root = join(import.meta.dirname, "../../..")
export const shop = 17

export interface Platform extends AsyncDisposable {
  directoryUrl: string
  shard: pg.Pool
  stopDatabase(): Promise<void>
  startDatabase(): Promise<void>
}

export async function startPlatform(): Promise<Platform> {
  const server = await startPostgres({ databases: ["directory", "s1"] })
  const directory = new pg.Client({ connectionString: server.url("directory") })
  const shard = new pg.Pool({ connectionString: server.url("s1"), max: 4 })
  shard.on("error", () => {})
  await directory.connect()
  await directory.query(await readFile(join(root, "florist/directory.sql"), "utf8"))
  await directory.query("INSERT INTO directory.shard VALUES ('s1', $1)", [server.url("s1")])
  await directory.query("INSERT INTO directory.shop VALUES ($1, 's1', 'Rose', 'Tver')", [shop])
  await directory.end()
  for (const statement of await expandedSchema()) await shard.query(statement)
  return {
    directoryUrl: server.url("directory"),
    shard,
    stopDatabase: () => server.halt(),
    startDatabase: () => server.restart(),
    async [Symbol.asyncDispose]() {
      await shard.end()
      await server.stop()
    },
  }
}

export interface Copy extends AsyncDisposable {
  url: string
  /** SIGTERM; gives the exit code. */
  end(): Promise<number | null>
}

export interface CopyOptions {
  version: HistoryVersion
  directoryUrl: string
  service?: "payments" | "catalog"
}

export async function startCopy({ version, directoryUrl, service = "payments" }: CopyOptions): Promise<Copy> {
  const folder = await mkdtemp(join(tmpdir(), `florist-${version}-`))
  await layOut(version, folder)
  await symlink(join(root, "node_modules"), join(folder, "node_modules"))
  const child = spawn(process.execPath, [`${service}/src/main.ts`], {
    cwd: folder,
    env: { PATH: process.env.PATH, FLORIST_DIRECTORY_URL: directoryUrl, CONVEYOR_VERSION: version, CONVEYOR_RELEASE: `release-${version}` },
    stdio: ["ignore", "pipe", "inherit"],
  })
  const exit = once(child, "exit")
  const end = async () => {
    child.kill("SIGTERM")
    const [code] = (await exit) as [number | null]
    return code
  }
  const dispose = async () => {
    await end()
    await rm(folder, { recursive: true })
  }
  try {
    return { url: await listeningAddress(child.stdout), end, [Symbol.asyncDispose]: dispose }
  } catch (cause) {
    await dispose()
    throw cause
  }
}

async function listeningAddress(output: NodeJS.ReadableStream): Promise<string> {
  const seen: string[] = []
  const lines = createInterface({ input: output })
  for await (const line of lines) {
    seen.push(line)
    const { address } = JSON.parse(line) as { address?: string }
    if (address === undefined) continue
    // The pipe is read on, so that the copy never waits for it.
    output.resume()
    return address
  }
  throw new Error(`the copy ended before it listened:\n${seen.join("\n")}`)
}

interface Column {
  type: string
  nullable: boolean
  default?: string
}

interface CreateTable {
  table: string
  columns: Record<string, Column>
  primary_key: string[]
}

interface CreateIndex {
  table: string
  name: string
  columns: string[]
  where?: string
}

export interface DeriveColumns {
  table: string
  from: Record<string, string>
  to: Record<string, Column>
  up: Record<string, string>
  down: Record<string, string>
}

interface Operation {
  create_table?: CreateTable
  create_index?: CreateIndex
  derive_columns?: DeriveColumns
}

/** Both changes expanded, none contracted. */
export async function expandedSchema(): Promise<string[]> {
  const operations = [...(await operationsOf("0001-payments")), ...(await operationsOf("0002-payment-methods"))]
  return [
    "CREATE SCHEMA catalog",
    "CREATE SCHEMA payments",
    ...operations.flatMap(({ create_table, create_index, derive_columns }) => [
      ...(create_table === undefined ? [] : [createTable(create_table)]),
      ...(create_index === undefined ? [] : [createIndex(create_index)]),
      ...(derive_columns === undefined ? [] : deriveColumns(derive_columns)),
    ]),
  ]
}

export async function operationsOf(change: string): Promise<Operation[]> {
  const text = await readFile(join(root, `florist/changes/${change}.yml`), "utf8")
  return (parse(text) as { operations: Operation[] }).operations
}

function createTable({ table, columns, primary_key }: CreateTable): string {
  const lines = Object.entries(columns).map(
    ([name, { type, nullable, default: value }]) =>
      `${name} ${type}${nullable ? "" : " NOT NULL"}${value === undefined ? "" : ` DEFAULT ${value}`}`,
  )
  return `CREATE TABLE ${table} (${lines.join(", ")}, PRIMARY KEY (${primary_key.join(", ")}))`
}

function createIndex({ table, name, columns, where }: CreateIndex): string {
  return `CREATE INDEX ${name} ON ${table} (${columns.join(", ")})${where === undefined ? "" : ` WHERE ${where}`}`
}

/** New columns, kept equal to the old ones by whichever side a statement changed. */
function deriveColumns({ table, from, to, up, down }: DeriveColumns): string[] {
  const row = [...Object.keys(from), ...Object.keys(to)].map((name) => `NEW.${name} AS ${name}`).join(", ")
  const fill = (side: Record<string, string>) =>
    Object.entries(side)
      .map(([name, expression]) => `NEW.${name} := (SELECT ${expression} FROM (SELECT ${row}) row);`)
      .join(" ")
  const anyOf = (side: Record<string, unknown>, is: string) =>
    Object.keys(side)
      .map((name) => `NEW.${name} ${is.replace("?", name)}`)
      .join(" OR ")
  return [
    `ALTER TABLE ${table} ${Object.entries(to)
      .map(([name, { type }]) => `ADD COLUMN ${name} ${type}`)
      .join(", ")}`,
    `CREATE FUNCTION keep_equal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF TG_OP = 'INSERT' THEN
         IF ${anyOf(from, "IS NOT NULL")} THEN ${fill(up)} ELSE ${fill(down)} END IF;
       ELSIF ${anyOf(from, "IS DISTINCT FROM OLD.?")} THEN ${fill(up)}
       ELSIF ${anyOf(to, "IS DISTINCT FROM OLD.?")} THEN ${fill(down)}
       END IF;
       RETURN NEW;
     END $$`,
    `CREATE TRIGGER keep_equal BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION keep_equal()`,
  ]
}

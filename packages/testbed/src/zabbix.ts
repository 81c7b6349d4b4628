// A real Zabbix for tests: server and frontend of Debian on the project's own PostgreSQL, on free ports, gone after `stop`.
// Needs root (a mount namespace of its own for the frontend's fixed path of configuration) and Debian's packages.
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { existsSync, openSync, readFileSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { userInfo } from "node:os"
import { gunzipSync } from "node:zlib"
import { Client } from "pg"
import { freePort } from "./free-port.ts"
import { startPostgres } from "./postgres.ts"
import type { PostgresServer } from "./postgres.ts"

export interface Zabbix {
  frontend: string
  trapper: { host: string; port: number }
  /** As Zabbix comes. */
  user: string
  password: string
  stop: () => Promise<void>
}

const server = "/usr/sbin/zabbix_server"
const schema = "/usr/share/zabbix-server-pgsql"
const frontend = "/usr/share/zabbix"
const readyWithinMs = 90_000

/** For a test's options: skipped, with the reason, where it cannot be had. */
export const needsZabbix = {
  skip:
    userInfo().uid !== 0 || !existsSync(server) || !existsSync(frontend)
      ? "needs root and Debian's zabbix-server-pgsql and zabbix-frontend-php"
      : (false as const),
}

export async function startZabbix(): Promise<Zabbix> {
  const folder = await mkdtemp(join(tmpdir(), "zabbix-"))
  const database = await startPostgres({ databases: ["zabbix"] })
  const children: ChildProcess[] = []
  const stop = async () => {
    for (const child of children) endGroup(child)
    for (const child of children) if ((child.exitCode ?? child.signalCode) === null) await once(child, "exit")
    await database.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await fill(database)
    // Above it Zabbix takes none.
    const trapper = { host: "127.0.0.1", port: 20_000 + Math.floor(Math.random() * 12_000) }
    const port = await freePort()
    children.push(await startServer(folder, database, trapper.port), await startFrontend(folder, database, trapper.port, port))
    const url = `http://127.0.0.1:${port}`
    await answers(`${url}/api_jsonrpc.php`, folder)
    return { frontend: url, trapper, user: "Admin", password: "zabbix", stop }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}

/** All but the 348 hosts that serve as templates: with them it takes half a minute. */
const kept =
  /^INSERT INTO (role|role_rule|users|usrgrp|users_groups|hstgrp|media_type|media_type_param|media_type_message|config|config_autoreg_tls|globalmacro|regexps|expressions|graph_theme|dbversion|ids|scripts) /

async function fill(database: PostgresServer): Promise<void> {
  const client = new Client({ connectionString: database.url("zabbix") })
  await client.connect()
  try {
    const read = (name: string) => gunzipSync(readFileSync(join(schema, `${name}.sql.gz`))).toString()
    await client.query(read("schema"))
    await client.query(read("images"))
    const statements = statementsOf(read("data"))
    await client.query(statements.filter((each) => !each.startsWith("INSERT INTO") || kept.test(each)).join(""))
  } finally {
    await client.end()
  }
}

/** A statement ends with ";" at the end of a line, outside of a text. */
function statementsOf(sql: string): string[] {
  const statements: string[] = []
  let [statement, isInText] = ["", false]
  for (const line of sql.split("\n")) {
    statement += `${line}\n`
    if ((line.split("'").length - 1) % 2 === 1) isInText = !isInText
    if (isInText || !line.endsWith(";")) continue
    statements.push(statement)
    statement = ""
  }
  return statements
}

async function startServer(folder: string, database: PostgresServer, port: number): Promise<ChildProcess> {
  const file = join(folder, "server.conf")
  const few = [
    "Pollers",
    "PollersUnreachable",
    "Preprocessors",
    "HistoryPollers",
    "Timers",
    "Escalators",
    "Alerters",
    "DBSyncers",
    "LLDProcessors",
  ]
  const none = ["Pingers", "Discoverers", "HTTPPollers"]
  await writeFile(
    file,
    [
      "ListenIP=127.0.0.1",
      `ListenPort=${port}`,
      "LogType=console",
      `PidFile=${folder}/server.pid`,
      `SocketDir=${folder}`,
      ...databaseLines(database),
      // It asks for a PostgreSQL that it was tested with; newer ones serve it as well.
      "AllowUnsupportedDBVersions=1",
      "AllowRoot=1",
      "StartTrappers=2",
      ...few.map((each) => `Start${each}=1`),
      ...none.map((each) => `Start${each}=0`),
      "CacheUpdateFrequency=1",
      "HousekeepingFrequency=0",
      "",
    ].join("\n"),
  )
  return spawn(server, ["-f", "-c", file], { stdio: ["ignore", ...logs(folder, "server")], detached: true })
}

const databaseLines = ({ port }: PostgresServer) => [
  "DBHost=127.0.0.1",
  `DBPort=${port}`,
  "DBName=zabbix",
  "DBUser=postgres",
  "DBPassword=x",
]

/** Its configuration's path is fixed: it sees another file there, and nobody else does. */
async function startFrontend(
  folder: string,
  { port: databasePort }: PostgresServer,
  trapperPort: number,
  port: number,
): Promise<ChildProcess> {
  const file = join(folder, "zabbix.conf.php")
  const settings = {
    TYPE: "POSTGRESQL",
    SERVER: "127.0.0.1",
    PORT: String(databasePort),
    DATABASE: "zabbix",
    USER: "postgres",
    PASSWORD: "x",
    SCHEMA: "",
    ENCRYPTION: false,
    KEY_FILE: "",
    CERT_FILE: "",
    CA_FILE: "",
    VERIFY_HOST: false,
    CIPHER_LIST: "",
    VAULT_URL: "",
    VAULT_DB_PATH: "",
    VAULT_TOKEN: "",
    DOUBLE_IEEE754: true,
  }
  const lines = Object.entries(settings).map(([key, value]) => `$DB['${key}'] = ${JSON.stringify(value)};`)
  const more = [`$ZBX_SERVER = "127.0.0.1";`, `$ZBX_SERVER_PORT = "${trapperPort}";`, "$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;"]
  await writeFile(file, ["<?php", ...lines, ...more, ""].join("\n"), { mode: 0o644 })
  const place = "/etc/zabbix/zabbix.conf.php"
  const php = `exec php -d max_execution_time=300 -d post_max_size=16M -d memory_limit=256M -d date.timezone=UTC -S 127.0.0.1:${port} -t ${frontend}`
  const script = `mkdir -p /etc/zabbix && touch ${place} && mount --bind ${file} ${place} && ${php}`
  return spawn("unshare", ["-m", "--propagation", "private", "sh", "-c", script], {
    stdio: ["ignore", ...logs(folder, "frontend")],
    env: { ...process.env, PHP_CLI_SERVER_WORKERS: "2" },
    detached: true,
  })
}

function logs(folder: string, name: string): [number, number] {
  const file = openSync(join(folder, `${name}.log`), "w")
  return [file, file]
}

async function answers(url: string, folder: string): Promise<void> {
  const deadline = Date.now() + readyWithinMs
  const body = JSON.stringify({ jsonrpc: "2.0", method: "apiinfo.version", params: {}, id: 1 })
  for (;;) {
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json-rpc" }, body }).catch(() => undefined)
    if (response?.ok === true && (await response.text()).includes("result")) return
    if (Date.now() > deadline)
      throw new Error(`Zabbix does not answer: ${readFileSync(join(folder, "frontend.log"), "utf8").slice(-2_000)}`)
    await sleep(200)
  }
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGTERM")
  } catch {
    // It has ended.
  }
}

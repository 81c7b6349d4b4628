// The proxies that the same bytes are sent to: the edge, and Debian's HAProxy and nginx, each with many places to route to, so
// that many cases can be under way at once and nobody's answer is taken for another's. Started by the conformance test.
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "../../../kernel/time/clock.ts"
import { freePort } from "../../../kernel/process/free-port.ts"
import { until } from "../../../kernel/time/until.ts"
import { embeddedEdge } from "../embedded-edge.ts"
import { RawCopy } from "./raw-copy.ts"

const never = new AbortController().signal

/** The first takes whatever no other takes. Cases of "/@/" are sent to "/d/" at the fourth. */
export interface Proxy {
  name: string
  port: number
  places: readonly RawCopy[]
  stop(): Promise<void>
}

/** As long as "/@/", so that lengths in a case stay true. */
export const prefixOf = (place: number) => `/${String.fromCharCode(97 + place)}/`

const copiesFor = (places: number) => Promise.all(Array.from({ length: places }, () => RawCopy.start()))

export async function edgeBefore(places: number): Promise<Proxy> {
  const copies = await copiesFor(places)
  const under = await embeddedEdge({ answerTimeoutMs: 10_000 })
  const targets = Object.fromEntries(copies.map(({ port }, i) => [`s${i}`, [{ copy: `s${i}`, host: "127.0.0.1", port }]]))
  const routes = [{ prefix: "/", service: "s0" }, ...copies.map((_, i) => ({ prefix: prefixOf(i).slice(0, -1), service: `s${i}` }))]
  await under.edge.apply({ generation: 1, current: "v1", routes, versions: { v1: { release: "r", targets } } }, never)
  const stop = async () => {
    await under.close()
    for (const copy of copies) copy.stop()
  }
  return { name: "edge", port: Number(new URL(under.url).port), places: copies, stop }
}

interface Program {
  name: "HAProxy" | "nginx"
  binary: string
  argv: (file: string) => string[]
  configuration: (port: number, copies: readonly number[], directory: string) => string
}

const haproxy: Program = {
  name: "HAProxy",
  binary: "/usr/sbin/haproxy",
  argv: (file) => ["-db", "-f", file],
  configuration: (port, copies) => `global
  nbthread 1
  maxconn 2000
defaults
  mode http
  timeout connect 2s
  timeout client 20s
  timeout server 20s
  option forwardfor
frontend users
  bind 127.0.0.1:${port}
${copies.map((_, i) => `  use_backend s${i} if { path_beg ${prefixOf(i)} }`).join("\n")}
  default_backend s0
${copies.map((copy, i) => `backend s${i}\n  server copy 127.0.0.1:${copy}`).join("\n")}
`,
}

const nginx: Program = {
  name: "nginx",
  binary: "/usr/sbin/nginx",
  argv: (file) => ["-c", file],
  configuration: (port, copies, directory) => `daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/nginx.log;
events { worker_connections 2000; }
http {
  access_log off;
  client_max_body_size 0;
${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `  ${kind}_temp_path ${directory}/${kind};`).join("\n")}
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_upgrade;
${copies.map((copy, i) => `  upstream s${i} { server 127.0.0.1:${copy} max_fails=0; keepalive 64; }`).join("\n")}
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://s0; }
${copies.map((_, i) => `    location ${prefixOf(i)} { proxy_pass http://s${i}; }`).join("\n")}
  }
}
`,
}

/** Undefined where it is not installed. */
export const haproxyBefore = (places: number) => startBefore(haproxy, places)
export const nginxBefore = (places: number) => startBefore(nginx, places)

async function startBefore({ name, binary, argv, configuration }: Program, places: number): Promise<Proxy | undefined> {
  if (!existsSync(binary)) return undefined
  const [directory, port, copies] = [await mkdtemp(join(tmpdir(), "conveyor-proxy-")), await freePort(), await copiesFor(places)]
  const file = join(directory, "conf")
  await writeFile(
    file,
    configuration(
      port,
      copies.map((copy) => copy.port),
      directory,
    ),
  )
  const child = spawn(binary, argv(file), { stdio: "ignore" })
  const stop = async () => {
    await ended(child)
    for (const copy of copies) copy.stop()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await until(() => probe(port), { what: `the start of ${name}`, everyMs: 25, withinMs: 10_000, clock: systemClock, signal: never })
  } catch (thrown) {
    await stop()
    throw thrown
  }
  return { name, port, places: copies, stop }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exited = new Promise((resolve) => child.once("exit", resolve))
  child.kill("SIGTERM")
  await exited
}

function probe(port: number): Promise<{ done: true }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port }, () => {
      socket.destroy()
      resolve({ done: true })
    })
    socket.once("error", reject)
  })
}

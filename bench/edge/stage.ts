// Everything that the edge's bench measures, as real processes on loopback: two copies, the edge, a bare
// proxy of Node's, and HAProxy where it is installed. Called by the bench, which closes it.
import { join } from "node:path"
import type { EdgeMember, RoutingTable } from "../../packages/conveyor/src/edge/edge.ts"
import { embeddedEdge } from "../../packages/conveyor/src/edge/embedded/embedded-edge.ts"
import { startHaproxy } from "./haproxy.ts"
import { startNode } from "./program.ts"

/** A way for a request to the first copy. */
export interface Front {
  name: "direct" | "edge" | "bare node" | "haproxy"
  url: string
  /** The proxy on that way, whose CPU time counts. */
  pid?: number
}

export interface Stage {
  fronts: readonly Front[]
  edge: EdgeMember
  edgeUrl: string
  /** A table by which this generation goes to one of the two copies alone: odd ones to the first. */
  tableOf: (generation: number) => RoutingTable
  close(): Promise<void>
}

export async function setStage(signal: AbortSignal): Promise<Stage> {
  await using opened = new AsyncDisposableStack()
  const startServer = async (file: string, ...argv: string[]) => {
    const server = startNode([join(import.meta.dirname, file), ...argv], signal)
    opened.defer(() => server.stop())
    return { pid: server.pid, port: Number(await server.firstLine) }
  }
  const ports = [(await startServer("copy.ts")).port, (await startServer("copy.ts")).port] as const
  const bare = await startServer("pass-through.ts", `${ports[0]}`)
  const under = await embeddedEdge()
  opened.defer(() => under.close())
  const haproxy = await startHaproxy(ports[0], signal)
  if (haproxy !== undefined) opened.defer(() => haproxy.stop())

  const tableOf = (generation: number): RoutingTable => {
    const version = `v${generation}`
    const target = { copy: `copy-${generation}`, host: "127.0.0.1", port: ports[generation % 2 === 1 ? 0 : 1] }
    const routed = { release: `release of ${version}`, targets: { web: [target] } }
    return { epoch: 0, generation, current: version, routes: [{ prefix: "/", service: "web" }], versions: { [version]: routed } }
  }
  await under.edge.apply(tableOf(1), signal)

  const fronts: Front[] = [
    { name: "direct", url: `http://127.0.0.1:${ports[0]}` },
    { name: "edge", url: under.url, pid: under.running.identity.pid },
    { name: "bare node", url: `http://127.0.0.1:${bare.port}`, pid: bare.pid },
    ...(haproxy === undefined ? [] : [{ name: "haproxy" as const, url: haproxy.url, pid: haproxy.pid }]),
  ]
  const kept = opened.move()
  return { fronts, edge: under.member, edgeUrl: under.url, tableOf, close: () => kept.disposeAsync() }
}

// Whether the addresses that conveyor.yml names can be listened on, tried and let go again. Called by doctor.ts.
import { once } from "node:events"
import { createServer } from "node:net"
import type { Config } from "../../config/config.ts"
import { describe } from "../../kernel/errors/errors.ts"
import { holderOf } from "../../kernel/process/listeners.ts"
import { fails, fine, unknown } from "./finding.ts"
import type { Finding } from "./finding.ts"

export interface Held {
  /** By this installation's own edge. */
  edge: readonly number[]
  controlPlane: "runs" | "does-not-run"
}

export async function portFindings({ edge, control }: Pick<Config, "edge" | "control">, held: Held): Promise<Finding[]> {
  const addresses = [edge.listen, ...(edge.tls === undefined ? [] : [edge.tls.listen])]
  const ofEdge = await Promise.all(addresses.map((address) => edgePort(address, held.edge)))
  return [...ofEdge, held.controlPlane === "runs" ? fine("control port", "the control plane listens") : await controlPort(control.listen)]
}

async function edgePort(address: string, own: readonly number[]): Promise<Finding> {
  const colon = address.lastIndexOf(":")
  const [host, port] = [address.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), Number(address.slice(colon + 1))]
  const what = "edge port"
  if (own.includes(port)) return fine(what, `this installation's edge listens on ${address}`)
  const outcome = await tryToListen(host, port)
  switch (outcome.code) {
    case "free":
      return fine(what, `${address} is free`)
    case "EADDRINUSE":
      return fails(
        what,
        `${address} is held by ${await holderOf(port)}`,
        "Stop who holds it, or name another: `edge: { listen: 127.0.0.1:8081 }`.",
      )
    case "EACCES":
      return fails(what, `this user may not listen on ${address}`, "Name a port of 1024 or above, or put what may listen there in front.")
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return fails(what, `${host} is no address of this machine`, "Name one that `ip address` shows, or 0.0.0.0 for all.")
    default:
      return unknown(what, `whether ${address} can be had is not known: ${outcome.says}`, "Try `conveyor up`: its error says more.")
  }
}

async function controlPort({ host, ports }: Config["control"]["listen"]): Promise<Finding> {
  const what = "control port"
  for (let port = ports.from; port <= ports.to; port++) {
    if ((await tryToListen(host, port)).code === "free") return fine(what, port === 0 ? "any that is free" : `${host}:${port} is free`)
  }
  const range = ports.from === ports.to ? `${ports.from}` : `any of ${ports.from} to ${ports.to}`
  return fails(
    what,
    `${host} does not give ${range}: ${ports.from} is held by ${await holderOf(ports.from)}`,
    "Name another: `control: { listen: 127.0.0.1:7400-7499 }`.",
  )
}

async function tryToListen(host: string, port: number): Promise<{ code: string; says: string }> {
  const server = createServer()
  try {
    server.listen({ host, port, exclusive: true })
    await once(server, "listening")
    return { code: "free", says: "" }
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown"
    return { code, says: describe(thrown) }
  } finally {
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
}

// Who a client is: the one place that says it, for what copies are told, for limits and for evidence. What a client says of
// itself counts for nothing; what a trusted proxy says of its own client counts. Called by the exchange and the upgrade.
import { addressIn } from "./addresses.ts"
import type { TrustedProxies } from "./addresses.ts"
import type { Peer } from "../client/client-request.ts"

/** What is known of a request's sender. */
export interface Sender {
  peer: Peer
  head: { authority: string | undefined }
  /** A header's value by its name in small letters, all of its lines joined by commas. */
  header(name: string): string | undefined
}

export interface Identity {
  /** The client's address, as well as anybody trusted knows it. */
  address: string
  protocol: "http" | "https"
  /** Whether a proxy that is trusted has sent the request. */
  isVouchedFor: boolean
  /** Lines for the copy, with their line breaks. */
  fields: string
}

/** Written by the edge for every request, whoever sent it. */
const written = new Set(["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "forwarded", "x-real-ip"])

/** Other words for the same, which applications believe; from a trusted proxy they pass. */
const believed = new Set([
  "client-ip",
  "cf-connecting-ip",
  "cf-connecting-ipv6",
  "fastly-client-ip",
  "fly-client-ip",
  "forwarded-for",
  "forwarded-host",
  "forwarded-proto",
  "front-end-https",
  "true-client-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-envoy-external-address",
  "x-forwarded",
  "x-host",
  "x-original-forwarded-for",
  "x-original-host",
  "x-original-url",
  "x-originating-ip",
  "x-proxyuser-ip",
  "x-remote-addr",
  "x-remote-ip",
  "x-rewrite-url",
  "x-url-scheme",
])

/** Frameworks read more of these than anybody could list: the prefix of a path, the scheme, the port. */
const isBelieved = (name: string) => believed.has(name) || name.startsWith("x-forwarded-")

/** Whether a header, named in small letters, says who the client is and is not to be passed on. CGI and WSGI take "_" for "-". */
export function isLeftBehind(name: string, { isVouchedFor }: Pick<Identity, "isVouchedFor">): boolean {
  const plain = name.includes("_") ? name.replaceAll("_", "-") : name
  if (written.has(plain)) return true
  return isBelieved(plain) && (plain !== name || !isVouchedFor)
}

/** Finds out who has sent each request, and remembers it for those that follow on a connection where nobody else has a say. */
export class Identities {
  #trusted: TrustedProxies
  #known = new WeakMap<Peer, { authority: string | undefined; identity: Identity }>()

  constructor(trusted: TrustedProxies) {
    this.#trusted = trusted
  }

  of(sender: Sender): Identity {
    const { authority } = sender.head
    const known = this.#known.get(sender.peer)
    if (known?.authority === authority && known !== undefined) return known.identity
    const identity = identify(sender, this.#trusted)
    if (!identity.isVouchedFor) this.#known.set(sender.peer, { authority, identity })
    return identity
  }
}

export function identify(sender: Sender, trusted: TrustedProxies): Identity {
  const peer = addressIn(sender.peer.address) ?? sender.peer.address
  const isVouchedFor = trusted.has(peer)
  const said = isVouchedFor ? sayingsOf(sender) : nothingSaid
  const chain = [...said.chain, peer]
  const from = clientIn(chain, trusted)
  const address = addressIn(chain[from] ?? peer) ?? peer
  const protocol = protocolIn(said.protocols, from, chain.length) ?? (sender.peer.isEncrypted ? "https" : "http")
  const host = said.host ?? sender.head.authority
  const port = said.port ?? portOf(host) ?? (protocol === "https" ? "443" : "80")
  const lines = [
    `x-forwarded-for: ${chain
      .slice(from)
      .map((entry) => addressIn(entry) ?? entry)
      .join(", ")}`,
    `x-real-ip: ${address}`,
    `x-forwarded-proto: ${protocol}`,
    `x-forwarded-port: ${port}`,
    ...(host === undefined ? [] : [`x-forwarded-host: ${host}`]),
    `forwarded: ${forwarded(address, protocol, host)}`,
  ]
  return { address, protocol, isVouchedFor, fields: lines.map((line) => `${line}\r\n`).join("") }
}

interface Sayings {
  /** The client first, then each proxy that has seen the request, the last one without itself. */
  chain: string[]
  protocols: string[]
  host: string | undefined
  port: string | undefined
}

const nothingSaid: Sayings = { chain: [], protocols: [], host: undefined, port: undefined }

/** What the proxy before this edge says: the older headers, or the standard one where they are missing. */
function sayingsOf(sender: Sender): Sayings {
  const header = (name: string) => sender.header(name)
  const elements = listOf(header("forwarded")).map(parametersOf)
  const forwardedFor = listOf(header("x-forwarded-for"))
  const protocols = listOf(header("x-forwarded-proto"))
  const host = listOf(header("x-forwarded-host")).at(-1) ?? elements.findLast((element) => element.has("host"))?.get("host")
  const port = listOf(header("x-forwarded-port")).at(-1)
  return {
    chain: forwardedFor.length > 0 ? forwardedFor : elements.flatMap((element) => element.get("for") ?? []),
    protocols: protocols.length > 0 ? protocols : elements.flatMap((element) => element.get("proto") ?? []),
    host: host !== undefined && /^[\w.:[\]-]+$/.test(host) ? host : undefined,
    port: port !== undefined && /^\d{1,5}$/.test(port) ? port : undefined,
  }
}

/** Read from the right: behind each trusted proxy stands what it has seen itself. What is no address is nobody, and ends the way. */
function clientIn(chain: readonly string[], trusted: TrustedProxies): number {
  let at = chain.length - 1
  while (at > 0) {
    const here = addressIn(chain[at] ?? "")
    if (here === undefined || !trusted.has(here) || addressIn(chain[at - 1] ?? "") === undefined) break
    at--
  }
  return at
}

/** Where each proxy has added its own, the one that met the client; else what the last one says. */
function protocolIn(protocols: readonly string[], from: number, hops: number): "http" | "https" | undefined {
  const said = protocols.length === hops - 1 ? protocols[from] : protocols.at(-1)
  const secure: Readonly<Record<string, "http" | "https">> = { http: "http", ws: "http", https: "https", wss: "https" }
  return secure[said?.toLowerCase() ?? ""]
}

function forwarded(address: string, protocol: string, host: string | undefined): string {
  const node = address.includes(":") ? `"[${address}]"` : address
  return `for=${node};proto=${protocol}${host === undefined ? "" : `;host="${host}"`}`
}

function portOf(host: string | undefined): string | undefined {
  return /:(\d{1,5})$/.exec(host ?? "")?.[1]
}

const listOf = (value: string | undefined): string[] =>
  value === undefined
    ? []
    : value
        .split(",")
        .map((entry) => entry.trim())
        .filter((entry) => entry !== "")

function parametersOf(element: string): Map<string, string> {
  const pairs = element.split(";").map((pair) => pair.split("=", 2))
  return new Map(pairs.map(([name = "", value = ""]) => [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, "$1")]))
}

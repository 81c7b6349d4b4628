// Who a client is: the address that limits are counted by. Services believe only what stands in front of them (the edge, the gateway), and that believes only the
// proxies it was told of. Called by sign-in through the app, and by the gateway's front door.
import proxyAddr from "@fastify/proxy-addr"
import type { IncomingMessage } from "node:http"
import { isIP } from "node:net"

export type Trust = (address: string) => boolean

type Asked = Pick<IncomingMessage, "headers" | "socket">

/** @param list addresses, networks ("10.0.0.0/8") and the words loopback, linklocal and uniquelocal, by commas; empty trusts nobody. @throws Error. */
export function trustIn(list: string): Trust {
  const trusts = proxyAddr.compile(list.split(",").flatMap((entry) => entry.trim() || []))
  return (address) => isIP(address) !== 0 && trusts(address, 0)
}

/** What the edge or the gateway says, where one of them asks; else whoever has connected. */
export function clientOf({ headers, socket }: Asked, frontDoors: Trust): string {
  const peer = plain(socket.remoteAddress ?? "")
  const said = headers["x-real-ip"]
  return frontDoors(peer) && typeof said === "string" && isIP(said) !== 0 ? plain(said) : peer
}

/** Behind proxies: read from the right, behind each trusted one stands what it has seen itself. */
export function clientBehind(asked: Asked, proxies: Trust): string {
  const path = proxyAddr.all(asked as IncomingMessage, proxies).map(plain)
  // What is no address is nobody's: the proxy that let it pass is asked for instead.
  return path.findLast((address) => isIP(address) !== 0) ?? ""
}

/** One household's or one server's IPv6 addresses are a network of 64 bits, and count as one. */
export function countedAs(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = "", tail] = address.split("%")[0]?.split("::") ?? []
  const groups = head === "" ? [] : head.split(":")
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === "" ? 0 : tail.split(":").length)
  return `${[...groups, ...Array<string>(Math.max(missing, 0)).fill("0"), ...(tail ?? "").split(":")].slice(0, 4).map(shortGroup).join(":")}::/64`
}

const shortGroup = (group: string) => Number.parseInt(group || "0", 16).toString(16)

/** A socket for both families shows IPv4 addresses as "::ffff:192.0.2.1". */
const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "")

// Where a webhook may go. Without care a subscription would be a way into our own network, so names are looked at after they are resolved, and the
// connection is made to the address that was looked at.
import { lookup } from "node:dns/promises"
import { BlockList, isIP } from "node:net"
import type { WebhooksTo } from "../gateway-config.ts"

const ours = new BlockList()
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const)
  ours.addSubnet(network, prefix, "ipv4")
for (const [network, prefix] of [
  ["::", 127],
  ["64:ff9b::", 96],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const)
  ours.addSubnet(network, prefix, "ipv6")

/** @returns why the URL cannot be a webhook's, or undefined. */
export function objectionTo(url: URL, to: WebhooksTo): string | undefined {
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password"
  if (to === "anywhere") return undefined
  if (url.protocol !== "https:") return "must be https"
  const host = url.hostname.replace(/^\[|\]$/g, "")
  return isIP(host) !== 0 && isOurs(host) ? "must be a public address" : undefined
}

/** @throws Error where the name leads into a private network, or nowhere. */
export async function publicAddress(hostname: string, to: WebhooksTo): Promise<{ address: string; family: 4 | 6 }> {
  const { address, family } = await lookup(hostname.replace(/^\[|\]$/g, ""))
  if (to === "public" && isOurs(address)) throw new Error(`${hostname} leads to ${address}, which is no public address`)
  return { address, family: family === 6 ? 6 : 4 }
}

const isOurs = (address: string) => ours.check(address, isIP(address) === 6 ? "ipv6" : "ipv4")

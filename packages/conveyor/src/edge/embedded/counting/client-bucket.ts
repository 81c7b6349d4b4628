// Which of 64 clients an address counts as. The same on every member, so that a client of several edges is still one.
// Called by the exchange and the comparison.
import { clientBuckets } from "../../edge.ts"

/** Of an IPv6 address its first 64 bits: whoever has one has all that share them. */
export function clientBucket(address: string): number {
  const network = address.includes(":") && !address.startsWith("::ffff:") ? networkOf(address) : address.replace("::ffff:", "")
  // FNV-1a; each character of an address is one byte.
  let hash = 0x811c9dc5
  for (let i = 0; i < network.length; i++) hash = Math.imul(hash ^ network.charCodeAt(i), 0x01000193)
  return ((hash ^ (hash >>> 16)) >>> 0) & (clientBuckets - 1)
}

function networkOf(address: string): string {
  const [head = "", tail] = address.split("::")
  const groups = head === "" ? [] : head.split(":")
  const after = tail === undefined || tail === "" ? [] : tail.split(":")
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length)
  return [...groups, ...Array.from({ length: zeros }, () => "0"), ...after]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")
}

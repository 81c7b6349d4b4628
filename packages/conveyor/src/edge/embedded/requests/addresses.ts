// Addresses as proxies write them, and which of them are trusted. Called by the identity of a client; pure.
import { BlockList, isIP } from "node:net"

/** An address alone: without port, brackets and quotes, an IPv4 in IPv6's clothes as what it is; undefined for what is none. */
export function addressIn(text: string): string | undefined {
  const bare = text.trim().replace(/^"(.*)"$/, "$1")
  const [, bracketed] = /^\[([^\]]*)\](?::\d+)?$/.exec(bare) ?? []
  const withoutPort = bracketed ?? (/^[\d.]+:\d+$/.test(bare) ? bare.slice(0, bare.indexOf(":")) : bare)
  const plain = withoutPort.toLowerCase().startsWith("::ffff:") && withoutPort.includes(".") ? withoutPort.slice(7) : withoutPort
  return isIP(plain) === 0 ? undefined : plain
}

export class TrustedProxies {
  #list = new BlockList()
  readonly isEmpty: boolean

  /** Each an address, or a network such as "10.0.0.0/8". @throws where one is neither. */
  constructor(networks: readonly string[]) {
    this.isEmpty = networks.length === 0
    for (const network of networks) {
      const [address = "", bits] = network.split("/", 2)
      const family = isIP(address)
      if (family === 0) throw new TypeError(`"${network}" is neither an address nor a network such as 10.0.0.0/8`)
      this.#list.addSubnet(address, bits === undefined ? (family === 4 ? 32 : 128) : Number(bits), family === 4 ? "ipv4" : "ipv6")
    }
  }

  has(address: string): boolean {
    if (this.isEmpty) return false
    const family = isIP(address)
    return family !== 0 && this.#list.check(address, family === 4 ? "ipv4" : "ipv6")
  }
}

// Bends the bytes of a case: what is cut, doubled, spliced with another case's, or sprinkled with what framing is made of. The same
// seed bends the same way. Called by the fuzzer.

export type Random = (below: number) => number

/** mulberry32: small, even, and the same everywhere. */
export function randomFrom(seed: number): Random {
  let state = seed | 0
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

const sprinkled = [
  ..."\r\n\0\t :;,=_-0159afx/*#?%\x7f\x80\xff".split(""),
  "\r\n",
  "\n\r",
  "\r\n\r\n",
  "0\r\n\r\n",
  "5\r\nhello\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: 0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding:chunked\r\n",
  "Connection: close\r\n",
  "Connection: content-length, transfer-encoding\r\n",
  "Expect: 100-continue\r\n",
  "Upgrade: websocket\r\nConnection: upgrade\r\n",
  "Host: evil.test\r\n",
  "GET /@/inner HTTP/1.1\r\nHost: shop.test\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
  " HTTP/1.1",
  " HTTP/1.0",
]

const bends: readonly ((bytes: string, random: Random, other: string) => string)[] = [
  (bytes, random) => inserted(bytes, random(bytes.length + 1), sprinkled[random(sprinkled.length)] ?? ""),
  (bytes, random) => inserted(bytes, random(bytes.length + 1), sprinkled[random(sprinkled.length)] ?? ""),
  (bytes, random) => {
    const at = random(bytes.length)
    return bytes.slice(0, at) + String.fromCharCode(random(256)) + bytes.slice(at + 1)
  },
  (bytes, random) => {
    const at = random(bytes.length)
    return bytes.slice(0, at) + bytes.slice(at + 1 + random(8))
  },
  (bytes, random) => {
    const lines = bytes.split("\r\n")
    const line = lines[random(lines.length)] ?? ""
    return lines.toSpliced(random(lines.length), 0, line).join("\r\n")
  },
  (bytes, random, other) => bytes.slice(0, random(bytes.length)) + other.slice(random(other.length)),
  (bytes, _, other) => bytes + other,
  (bytes) => bytes,
]

/** One bend or a few. */
export function bent(bytes: string, other: string, random: Random): string {
  let result = bytes
  for (let left = 1 + random(3); left > 0; left--) result = (bends[random(bends.length)] ?? String)(result, random, other)
  return result
}

/** The same bytes in one to three parts. */
export function inParts(bytes: string, random: Random): string[] {
  if (random(3) > 0) return [bytes]
  const cuts = [random(bytes.length + 1), random(bytes.length + 1)].toSorted((a, b) => a - b)
  return [bytes.slice(0, cuts[0]), bytes.slice(cuts[0], cuts[1]), bytes.slice(cuts[1])].filter((part) => part !== "")
}

const inserted = (bytes: string, at: number, what: string) => bytes.slice(0, at) + what + bytes.slice(at)

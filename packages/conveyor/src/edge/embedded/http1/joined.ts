// Text and bytes as one piece, so that they take one write. Called by whoever writes a message, on either side.

/** Up to here it is cheaper to copy a part of a body behind its head than to hand two parts to the socket. */
export const joinedBytes = 16_384

/** The texts are latin1. */
export function joined(before: string, chunk: Buffer, after: string): Buffer {
  const bytes = Buffer.allocUnsafe(before.length + chunk.length + after.length)
  if (before !== "") bytes.write(before, 0, "latin1")
  chunk.copy(bytes, before.length)
  if (after !== "") bytes.write(after, before.length + chunk.length, "latin1")
  return bytes
}

/** Names and values in turn as lines with their line breaks. */
export function linesOf(flat: readonly string[]): string {
  let text = ""
  for (let i = 0; i + 1 < flat.length; i += 2) text += `${flat[i]}: ${flat[i + 1]}\r\n`
  return text
}

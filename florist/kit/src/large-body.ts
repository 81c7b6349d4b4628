// What becomes of the rest of a body that is not wanted: read and thrown away as far as a bound, so that the answer reaches whoever still sends. Called by the app's errors.
import type { IncomingMessage } from "node:http"

const mostBytes = 16 * 1024 * 1024
const withinMs = 5_000

/** Until the body has ended, the bound is passed, or nothing more comes in time. */
export async function drain(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return
  let left = mostBytes
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, withinMs)
    const end = () => {
      clearTimeout(timer)
      resolve()
    }
    request.on("data", (chunk: Buffer | string) => {
      left -= chunk.length
      if (left <= 0) end()
    })
    for (const event of ["end", "close", "error"]) request.once(event, end)
    request.resume()
  })
}

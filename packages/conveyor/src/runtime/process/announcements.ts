// Tells copies that asked for it how their version stands: by a signal to the process, or by a request of its choice. At least
// once, and again by whoever comes after a restart; what was not heard is told again in the next round. Called by the process
// runtime, which waits for none of it.
import { request } from "node:http"
import type { ServiceSpec, Standing } from "../runtime.ts"
import type { CopyRecord } from "./copy-files.ts"

export interface Announcement {
  record: CopyRecord
  pid: number
  toldBy: NonNullable<ServiceSpec["toldBy"]>
  standing: Standing
}

const answersWithinMs = 2_000
/** Copies that are gone are forgotten with the rest. */
const remembered = 10_000

export class Announcements {
  readonly #told = new Map<string, Standing>()

  make({ record: { id, address }, pid, toldBy, standing }: Announcement): void {
    if (this.#told.get(id) === standing) return
    if (this.#told.size >= remembered) this.#told.clear()
    this.#told.set(id, standing)
    const forget = () => {
      if (this.#told.get(id) === standing) this.#told.delete(id)
    }
    if ("signal" in toldBy) send(pid, toldBy.signal, forget)
    else post(address, toldBy.path, standing, forget)
  }
}

function send(pid: number, signal: NodeJS.Signals, onFailure: () => void): void {
  try {
    process.kill(pid, signal)
  } catch {
    onFailure()
  }
}

function post({ host, port }: CopyRecord["address"], path: string, standing: Standing, onFailure: () => void): void {
  const text = JSON.stringify({ standing })
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) }
  const asked = request({ host, port, path, method: "POST", headers, agent: false, signal: AbortSignal.timeout(answersWithinMs) })
  asked.on("error", onFailure)
  asked.once("response", (response) => {
    if ((response.statusCode ?? 500) >= 300) onFailure()
    asked.off("error", onFailure).on("error", () => {})
    response.destroy()
  })
  asked.end(text)
}

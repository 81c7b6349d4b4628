// The certificate that a server shows: whether it is trusted for its name, and for how long it is still good. Made by kinds.ts.
import { once } from "node:events"
import { connect } from "node:tls"
import { describe } from "../../kernel/errors/errors.ts"
import { fine, problem, unknown } from "./check.ts"
import type { Finding } from "./check.ts"
import type { Clock } from "../../kernel/time/clock.ts"

export interface CertificateTarget {
  host: string
  port: number
  /** Asked for by this name; the host's own where it is left out. */
  serverName?: string | undefined
  /** Less time left than this is a problem, in ms. */
  leftMs: number
  /** PEM of who is trusted besides the system's, for a private authority. */
  authority?: string | undefined
}

const dayMs = 86_400_000

export async function askCertificate(target: CertificateTarget, clock: Clock, signal: AbortSignal): Promise<Finding> {
  const { host, port, serverName = host, leftMs, authority } = target
  // Shown to us whatever it is: that it is not trusted is said below, with its reason.
  const socket = connect({ host, port, servername: serverName, rejectUnauthorized: false, ...(authority && { ca: authority }) })
  try {
    await once(socket, "secureConnect", { signal })
    const { valid_to: validTo } = socket.getPeerCertificate()
    if (validTo === undefined) return unknown(`${host}:${port} shows no certificate`)
    const left = Date.parse(validTo) - clock.now()
    const days = Math.floor(left / dayMs)
    const values = { left_days: days }
    if (left <= 0) return problem(`the certificate of ${serverName} ended on ${validTo}`, values)
    if (!socket.authorized)
      return problem(`the certificate of ${serverName} is not to be trusted: ${describe(socket.authorizationError)}`, values)
    if (left < leftMs) return problem(`the certificate of ${serverName} ends in ${days} days, on ${validTo}`, values)
    return fine(`the certificate of ${serverName} is good for ${days} days`, values)
  } catch (thrown) {
    return problem(`${host}:${port}: ${signal.aborted ? "no answer in time" : describe(thrown)}`)
  } finally {
    socket.on("error", () => {}).destroy()
  }
}

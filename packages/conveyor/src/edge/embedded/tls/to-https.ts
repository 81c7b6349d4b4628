// Clients that come plainly to a host for which there is a certificate are sent to https; by any other name, such as the address
// at which copies reach the edge, they are served as they come. Asked by the proxy for each request.
import type { ClientRequest } from "../client/client-request.ts"
import type { Identities } from "../requests/identity.ts"
import type { Certificates } from "./certificates.ts"
import { plainHost } from "../../hosts.ts"

export interface Redirection {
  status: 301 | 308
  location: string
}

const standardPort = 443

export class ToHttps {
  #certificates: Certificates
  #identities: Identities
  #port: () => number

  /** `port` is where TLS is spoken. */
  constructor(certificates: Certificates, identities: Identities, port: () => number) {
    this.#certificates = certificates
    this.#identities = identities
    this.#port = port
  }

  /** Undefined where the request is to be answered as it has come. */
  for(request: ClientRequest): Redirection | undefined {
    if (request.peer.isEncrypted || request.head.authority === undefined) return undefined
    const host = plainHost(request.head.authority)
    if (!this.#certificates.covers(host) || this.#identities.of(request).protocol === "https") return undefined
    const port = this.#port()
    const location = `https://${host}${port === standardPort ? "" : `:${port}`}${request.url === "*" ? "/" : request.url}`
    // Some clients make a GET of what is sent on with 301.
    return { status: request.method === "GET" || request.method === "HEAD" ? 301 : 308, location }
  }
}

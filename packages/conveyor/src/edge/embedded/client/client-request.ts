// One request of a client: its head, who sent it, and its body on the way. Made by the client's connection; read by whatever
// answers it.
import type { RequestBody } from "../requests/request-body.ts"
import type { RequestHead } from "./request-head.ts"

/** The other end of a connection, as the kernel says it. */
export interface Peer {
  address: string
  isEncrypted: boolean
}

export class ClientRequest {
  readonly head: RequestHead
  readonly peer: Peer
  readonly body: RequestBody

  constructor(head: RequestHead, peer: Peer, body: RequestBody) {
    this.head = head
    this.peer = peer
    this.body = body
  }

  get method(): string {
    return this.head.method
  }

  /** Path and query, as the client sent them. */
  get url(): string {
    return this.head.target
  }

  /** The name in small letters. */
  header(name: string): string | undefined {
    return this.head.fields.get(name)
  }
}

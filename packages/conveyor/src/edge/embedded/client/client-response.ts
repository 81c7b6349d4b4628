// The answer to one request of a client, whatever is spoken with it. Made by the client's connection or stream; written by
// whatever answers the request.

export interface ResponseHead {
  status: number
  statusText: string
  /** Lines with their line breaks, without those that frame the body. */
  fields: string
  /** Of the body, or of the one that a GET would have; undefined where it is not known before its end. */
  length: number | undefined
  connection: "kept" | "closed"
}

export interface ClientResponse {
  /** The version that answers, for the deadline that it has. */
  version: string | undefined
  readonly hasBegun: boolean
  /** Whether all of it was handed to the connection. */
  readonly isWhole: boolean
  /** Whole, or given up: nothing that is written now reaches the client. */
  readonly isOver: boolean
  /** Bytes that the client has not taken. */
  readonly waitingBytes: number
  /** Called once: when the answer is whole, or cannot be any more. */
  onceClosed(listener: () => void): void
  set onDrain(listener: () => void)
  /** A head before the answer proper, for clients that know one. */
  interim(status: number, statusText: string, fields: string): void
  /** The head waits for the first of the body, or for `flush`. */
  begin(head: ResponseHead): void
  /** A whole answer at once. */
  whole(head: Omit<ResponseHead, "length">, body: Buffer): void
  flush(): void
  /** False where no more is to be written until `onDrain`. */
  write(chunk: Buffer): boolean
  /** Trailers in turn, names and values. */
  end(rawTrailers: readonly string[]): void
  /** Gives up the client when it takes nothing for too long, from now until the answer's end. */
  watchStall(): void
  /** Tells the client that an answer is not whole. */
  destroy(): void
}

const saysHsts = /^strict-transport-security:/im

/** `securityField` is a line that every answer has, unless it says the same itself; "" where there is none. */
export const withSecurity = (fields: string, securityField: string): string =>
  securityField === "" || saysHsts.test(fields) ? fields : fields + securityField

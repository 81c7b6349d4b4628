// A client that asks to switch to a WebSocket, whatever it speaks until then. Made by its connection or stream; told by the upgrade
// what became of it.
import type { Duplex } from "node:stream"
import { headAndBodyOf } from "../requests/answers.ts"
import type { EdgeAnswer } from "../requests/answers.ts"

/** A head that ends the matter or begins the tunnel. */
export interface Conclusion {
  status: number
  statusText: string
  /** Lines with their line breaks. */
  fields: string
}

export interface Upgrading {
  /** What the client sends and hears once it has switched. */
  readonly stream: Duplex
  /** What it has sent behind its request. */
  readonly early: Buffer
  accept(head: Conclusion): void
  refuse(answer: EdgeAnswer): void
  /** What is written to the stream then is the body of a plain answer, which ends with it. */
  answerPlainly(head: Conclusion): void
}

const upgradeFields = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
const closedFields = "Connection: close\r\n"

export class Http1Upgrading implements Upgrading {
  readonly stream: Duplex
  readonly early: Buffer

  constructor(stream: Duplex, early: Buffer) {
    this.stream = stream
    this.early = early
  }

  accept(head: Conclusion): void {
    this.stream.write(headOf(head, upgradeFields), "latin1")
  }

  refuse(answer: EdgeAnswer): void {
    this.stream.end(headAndBodyOf(answer, closedFields))
  }

  answerPlainly(head: Conclusion): void {
    this.stream.write(headOf(head, closedFields), "latin1")
  }
}

const headOf = ({ status, statusText, fields }: Conclusion, last: string) => `HTTP/1.1 ${status} ${statusText}\r\n${fields}${last}\r\n`

// Stands between a copy's answer and its client. As long as the client keeps up, parts go straight through; where the copy
// has waited for it too long, the answer goes to disk at the copy's pace and on to the client at its own, so that no reader
// holds a copy, or the end of its version. Made by the exchange for each answer that does not come in one piece.
import type { ClientResponse } from "../client/client-response.ts"
import type { Answer, AnswerSink } from "../upstream/answer.ts"
import type { SpoolFile, Spools } from "./spools.ts"

export interface SlowReaderTools {
  spools: Spools
  /** For how long a copy waits for one client, all its waits together, before its answer goes to disk. */
  spoolAfterMs: number
}

/** So much is read from disk at once, and may wait in memory to be written. */
const pieceBytes = 65_536

export class SlowReader implements AnswerSink {
  #response: ClientResponse
  #answer: Answer
  #sink: AnswerSink
  #tools: SlowReaderTools
  /** The copy has given all: nothing of it is needed any more. */
  #copyIsDone: () => void
  #file: SpoolFile | "opening" | "refused" | undefined
  #queue: Buffer[] = []
  #queuedBytes = 0
  #trailers: readonly string[] | undefined
  #clientTakes = true
  #isPumping = false
  #isOver = false
  #patienceMs: number
  #waitsSince = 0
  #timer: NodeJS.Timeout | undefined

  constructor(response: ClientResponse, answer: Answer, sink: AnswerSink, tools: SlowReaderTools, copyIsDone: () => void) {
    this.#response = response
    this.#answer = answer
    this.#sink = sink
    this.#tools = tools
    this.#copyIsDone = copyIsDone
    this.#patienceMs = tools.spoolAfterMs
    response.onDrain = () => this.#drained()
    response.onceClosed(() => this.#close())
  }

  data(chunk: Buffer): boolean {
    if (this.#isOver) return true
    if (!this.#isBehind && (this.#clientTakes || !(this.#file instanceof Object))) return this.#pass(chunk)
    this.#queue.push(chunk)
    this.#queuedBytes += chunk.length
    this.#pump()
    return this.#queuedBytes < pieceBytes
  }

  end(rawTrailers: readonly string[]): void {
    this.#trailers = rawTrailers
    if (!this.#isBehind) return this.#finish()
    this.#pump()
  }

  broke(cause: Error): void {
    if (!this.#isOver) this.#sink.broke(cause)
  }

  /** Something waits that has to reach the client first. */
  get #isBehind(): boolean {
    return this.#queuedBytes > 0 || this.#unread > 0 || this.#isPumping
  }

  get #unread(): number {
    return this.#file instanceof Object ? this.#file.unread : 0
  }

  #pass(chunk: Buffer): boolean {
    this.#clientTakes = this.#sink.data(chunk)
    if (this.#clientTakes || this.#file instanceof Object) return true
    this.#beginWaiting()
    return false
  }

  #drained(): void {
    this.#clientTakes = true
    this.#endWaiting()
    if (this.#isBehind) this.#pump()
    else this.#answer.resume()
  }

  #beginWaiting(): void {
    // Several parts may come of one read, though the copy is told to wait.
    if (this.#file !== undefined || this.#timer !== undefined) return
    this.#waitsSince = performance.now()
    this.#timer = setTimeout(() => void this.#open(), Math.max(1, this.#patienceMs)).unref()
  }

  #endWaiting(): void {
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#patienceMs -= performance.now() - this.#waitsSince
  }

  async #open(): Promise<void> {
    this.#timer = undefined
    this.#file = "opening"
    const file = await this.#tools.spools.openFile()
    if (this.#isOver) return void file?.close()
    this.#file = file ?? "refused"
    if (file !== undefined) this.#answer.resume()
  }

  /** One at a time: what waits in memory goes to disk, what waits on disk goes to the client, in order. */
  #pump(): void {
    if (this.#isPumping || this.#isOver) return
    this.#isPumping = true
    this.#moveAll().catch(() => {
      // The disk has lost what was written: the client must not take it for the whole.
      if (!this.#isOver) this.#response.destroy()
    })
  }

  async #moveAll(): Promise<void> {
    await this.#move()
    this.#isPumping = false
    this.#settle()
  }

  async #move(): Promise<void> {
    const file = this.#file
    for (let moved = true; moved && !this.#isOver;) {
      moved = false
      if (this.#clientTakes && this.#unread === 0 && this.#queuedBytes > 0) {
        this.#clientTakes = this.#sink.data(this.#takeQueue())
        moved = true
      }
      if (!(file instanceof Object)) continue
      if (this.#queuedBytes > 0 && !this.#isOver) moved = (await this.#appendQueue(file)) || moved
      if (this.#clientTakes && file.unread > 0 && !this.#isOver) {
        const piece = await file.take(pieceBytes)
        if (!this.#isOver) this.#clientTakes = this.#sink.data(piece)
        moved = true
      }
    }
  }

  async #appendQueue(file: SpoolFile): Promise<boolean> {
    const all = this.#takeQueue()
    const isKept = await file.append(all)
    if (isKept) {
      if (this.#trailers === undefined) this.#answer.resume()
      return true
    }
    // There is no room: it waits in memory, and the copy waits too.
    this.#queue.unshift(all)
    this.#queuedBytes += all.length
    return false
  }

  #takeQueue(): Buffer {
    const all = this.#queue.length === 1 ? (this.#queue[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#queue)
    this.#queue = []
    this.#queuedBytes = 0
    return all
  }

  #settle(): void {
    if (this.#isOver) return
    if (this.#trailers === undefined) {
      if (!this.#isBehind && this.#clientTakes) this.#answer.resume()
      return
    }
    this.#copyIsDone()
    if (!this.#isBehind) this.#finish()
  }

  #finish(): void {
    if (this.#isOver || this.#trailers === undefined) return
    this.#sink.end(this.#trailers)
  }

  #close(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#queue = []
    if (this.#file instanceof Object) void this.#file.close()
  }
}

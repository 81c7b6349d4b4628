// Reads server-sent events from bytes as they come. Fed by the notice channel and by event streams.

export interface ServerSentEvent {
  event: string
  data: string
}

export class SseParser {
  readonly #decoder = new TextDecoder()
  #unread = ""
  #event = ""
  #data: string[] = []

  push(chunk: Buffer): ServerSentEvent[] {
    this.#unread += this.#decoder.decode(chunk, { stream: true })
    const events: ServerSentEvent[] = []
    // A lone CR at the end may be half of a CRLF: it waits for the next chunk.
    const lines = this.#unread.split(/\r\n|\n|\r(?!$)/)
    this.#unread = lines.pop() ?? ""
    for (const line of lines) {
      if (line === "") this.#dispatch(events)
      else this.#take(line)
    }
    return events
  }

  #dispatch(events: ServerSentEvent[]): void {
    if (this.#data.length > 0 || this.#event !== "") events.push({ event: this.#event || "message", data: this.#data.join("\n") })
    this.#event = ""
    this.#data = []
  }

  #take(line: string): void {
    const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (field === "event") this.#event = value
    if (field === "data") this.#data.push(value)
  }
}

// The notice channels of pages (/.conveyor/events): pages of an old version are told when they reload, once there is something
// to be told. All pages of a browser may share one channel. Called by the proxy for each channel; told of each new table.
import type { Clock } from "../../../kernel/time/clock.ts"
import type { Notice, RoutingTable } from "../../edge.ts"
import type { ClientResponse } from "../client/client-response.ts"
import type { Counters } from "../counting/counters.ts"
import { countPages } from "./open-pages.ts"
import type { OpenPage } from "./open-pages.ts"
import type { ToldPages } from "./told-pages.ts"

interface Channel {
  client: string
  pages: readonly OpenPage[]
  response: ClientResponse
  /** What pages of each version show now, so that they are told only what changes. */
  shown: Map<string, string>
}

const heartbeat = Buffer.from(": still here\n\n")

export interface NoticesTools {
  counters: Counters
  toldPages: ToldPages
  clock: Clock
  heartbeatMs: number
  /** Pages that were open before the edge was started, by version; their channels open again until then (ms since the Unix epoch). */
  before: { pages: Readonly<Record<string, number>>; until: number }
}

export class Notices {
  #channels = new Set<Channel>()
  #tools: NoticesTools
  #table: RoutingTable | undefined
  #heartbeat: NodeJS.Timeout
  #atEnd: Map<string, number> | undefined

  constructor(tools: NoticesTools) {
    this.#tools = tools
    this.#heartbeat = setInterval(() => this.#beat(), tools.heartbeatMs).unref()
  }

  open(response: ClientResponse, client: string, pages: readonly OpenPage[]): void {
    const fields = "Content-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
    response.begin({ status: 200, statusText: "OK", fields, length: undefined, connection: "kept" })
    response.watchStall()
    response.write(Buffer.from("retry: 2000\n\n"))
    const channel: Channel = { client, pages, response, shown: new Map() }
    this.#channels.add(channel)
    response.onceClosed(() => this.#channels.delete(channel))
    this.#welcomeBack(channel)
    this.#tell(channel)
  }

  follow(table: RoutingTable): void {
    this.#table = table
    for (const channel of this.#channels) this.#tell(channel)
  }

  /** Pages with an open channel, by version; after the end, those that had one. */
  pages(): Map<string, number> {
    const { before, clock } = this.#tools
    const pages = this.#atEnd ?? countPages(this.#channels)
    if (clock.now() >= before.until) return pages
    for (const [version, open] of Object.entries(before.pages)) pages.set(version, Math.max(open, pages.get(version) ?? 0))
    return pages
  }

  close(): void {
    clearInterval(this.#heartbeat)
    this.#atEnd = this.pages()
    for (const { response } of this.#channels) response.end([])
  }

  #welcomeBack({ pages }: Channel): void {
    for (const { isServed, version, was } of pages) {
      if (was === undefined || !isServed || version !== this.#table?.current) continue
      const toldAt = this.#tools.toldPages.comesBack(was.id, version)
      if (toldAt !== undefined) this.#tools.counters.pageReloaded(toldAt)
    }
  }

  #tell(channel: Channel): void {
    for (const version of new Set(channel.pages.map((page) => page.version))) this.#tellVersion(channel, version)
  }

  #tellVersion(channel: Channel, version: string): void {
    // One reading of the clock for both: a page told to reload at once must not find a millisecond left.
    const now = this.#tools.clock.now()
    const notice = this.#noticeFor(version, now)
    const toShow = notice === undefined ? undefined : `${this.#table?.current} ${notice.reloadBy}`
    if (toShow === channel.shown.get(version)) return
    if (notice === undefined || toShow === undefined) {
      channel.shown.delete(version)
      return send(channel, "cancel", { version })
    }
    channel.shown.set(version, toShow)
    // `now` lets the page count down by the edge's clock, whatever its own says.
    send(channel, "notice", { ...notice, version, current: this.#table?.current, now })
    this.#countTold(channel, version)
  }

  #countTold({ pages }: Channel, version: string): void {
    const { counters, toldPages } = this.#tools
    if (!counters.knows(version)) return
    for (const { id, isServed } of pages.filter((page) => page.version === version)) {
      if (isServed && toldPages.tell(id, version) === "first") counters.pageTold(version)
    }
  }

  #noticeFor(version: string, now: number): Notice | undefined {
    if (this.#table === undefined || version === this.#table.current) return undefined
    if (Object.hasOwn(this.#table.versions, version)) return this.#table.versions[version]?.notice
    // Nothing serves the page's version any more: what it asks for is answered by another, so it had better reload at once.
    return { announcedAt: now, reloadBy: now }
  }

  #beat(): void {
    for (const { response } of this.#channels) response.write(heartbeat)
  }
}

function send({ response }: Channel, event: string, data: object): void {
  response.write(Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`))
}

// The notice channels of pages (/.conveyor/events): each page of an old version is told when it reloads, once it has
// something to be told. Called by the proxy for each channel; told of each new table.
import type { Clock } from "../../../kernel/clock.ts"
import type { Notice, RoutingTable } from "../../edge.ts"
import type { ClientResponse } from "../client/client-response.ts"
import type { Counters } from "../counting/counters.ts"
import type { ToldPages } from "./told-pages.ts"

interface Channel {
  version: string
  page: string
  response: ClientResponse
  /** What the page shows now, so that it is told only what changes. */
  shown: string | undefined
}

const heartbeat = Buffer.from(": still here\n\n")

export interface NoticesTools {
  counters: Counters
  toldPages: ToldPages
  clock: Clock
  heartbeatMs: number
}

export class Notices {
  #channels = new Set<Channel>()
  #tools: NoticesTools
  #table: RoutingTable | undefined
  #heartbeat: NodeJS.Timeout

  constructor(tools: NoticesTools) {
    this.#tools = tools
    this.#heartbeat = setInterval(() => this.#beat(), tools.heartbeatMs).unref()
  }

  open(response: ClientResponse, version: string, page: string): void {
    const fields = "Content-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
    response.begin({ status: 200, statusText: "OK", fields, length: undefined, connection: "kept" })
    response.watchStall()
    response.write(Buffer.from("retry: 2000\n\n"))
    const channel: Channel = { version, page, response, shown: undefined }
    this.#channels.add(channel)
    response.onceClosed(() => this.#channels.delete(channel))
    this.#welcomeBack(channel)
    this.#tell(channel)
  }

  follow(table: RoutingTable): void {
    this.#table = table
    for (const channel of this.#channels) this.#tell(channel)
  }

  /** Pages with an open channel, by version. */
  pages(): Map<string, number> {
    const pages = new Map<string, number>()
    for (const { version } of this.#channels) pages.set(version, (pages.get(version) ?? 0) + 1)
    return pages
  }

  close(): void {
    clearInterval(this.#heartbeat)
    for (const { response } of this.#channels) response.end([])
  }

  #welcomeBack({ page, version }: Channel): void {
    if (version !== this.#table?.current) return
    const toldAt = this.#tools.toldPages.comesBack(page, version)
    if (toldAt !== undefined) this.#tools.counters.pageReloaded(toldAt)
  }

  #tell(channel: Channel): void {
    const { counters, toldPages, clock } = this.#tools
    const notice = this.#noticeFor(channel.version)
    const toShow = notice === undefined ? undefined : `${this.#table?.current} ${notice.reloadBy}`
    if (toShow === channel.shown) return
    channel.shown = toShow
    if (notice === undefined) return send(channel, "cancel", {})
    // `now` lets the page count down by the edge's clock, whatever its own says.
    send(channel, "notice", { ...notice, current: this.#table?.current, now: clock.now() })
    if (counters.knows(channel.version) && toldPages.tell(channel.page, channel.version) === "first") counters.pageTold(channel.version)
  }

  #noticeFor(version: string): Notice | undefined {
    if (this.#table === undefined || version === this.#table.current) return undefined
    if (Object.hasOwn(this.#table.versions, version)) return this.#table.versions[version]?.notice
    // Nothing serves the page's version any more: what it asks for is answered by another, so it had better reload at once.
    const now = this.#tools.clock.now()
    return { announcedAt: now, reloadBy: now }
  }

  #beat(): void {
    for (const { response } of this.#channels) response.write(heartbeat)
  }
}

function send({ response }: Channel, event: string, data: object): void {
  response.write(Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`))
}

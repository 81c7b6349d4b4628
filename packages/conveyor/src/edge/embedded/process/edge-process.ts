// The edge as one process: puts its parts together, takes tables into use, keeps its files, and ends without losing a
// request. Called by worker-main.ts alone.
import type { Server as HttpServer } from "node:http"
import type { AddressInfo, Server } from "node:net"
import type { Clock } from "../../../kernel/time/clock.ts"
import { ConveyorError, describe } from "../../../kernel/errors/errors.ts"
import type { Logger } from "../../../kernel/logger.ts"
import { until } from "../../../kernel/time/until.ts"
import type { Comparison, RoutingTable, VersionPages, VersionTraffic } from "../../edge.ts"
import { admit } from "../../table.ts"
import { createAdmin } from "../admin/admin.ts"
import { Comparing } from "../counting/comparing.ts"
import { Counters, difference } from "../counting/counters.ts"
import type { SavedCounters } from "../counting/counters.ts"
import { TrustedProxies } from "../requests/addresses.ts"
import { Identities } from "../requests/identity.ts"
import { Cuts } from "../requests/cuts.ts"
import { FailureLog } from "../requests/failure-log.ts"
import { LastingStreams } from "../streams/lasting-streams.ts"
import { Deadlines } from "../streams/deadlines.ts"
import { Clients } from "../client/clients.ts"
import type { Front } from "../client/front.ts"
import { Notices } from "../pages/notices.ts"
import { OwnPages } from "../pages/own-pages.ts"
import { PageIds } from "../pages/page-ids.ts"
import { createProxy } from "../requests/proxy.ts"
import type { EdgeSettings } from "../settings.ts"
import { Predecessors } from "./predecessors.ts"
import type { Address } from "./address-file.ts"
import type { Addresses, Carried, Sockets } from "./protocol.ts"
import type { EdgeState, SavedHistory } from "./state.ts"
import { ToldPages } from "../pages/told-pages.ts"
import { Certificates } from "../tls/certificates.ts"
import { KeptCertificates } from "../tls/kept-certificates.ts"
import type { TlsParts } from "../tls/tls-end.ts"
import { Traffic } from "../counting/traffic.ts"
import { Spools } from "../spool/spools.ts"
import { Upstreams } from "../upstream/upstreams.ts"

export interface EdgeProcessOptions {
  state: EdgeState
  sockets: Sockets
  token: string
  settings: EdgeSettings
  clock: Clock
  log: Logger
}

const saveEveryMs = 1_000
const reportEveryMs = 200
/** For clients of HTTP/2, which are told what of theirs was heard. */
const goodbyeWithinMs = 1_000

export class EdgeProcess {
  #options: EdgeProcessOptions
  #traffic: Traffic
  #counters: Counters
  #comparing: Comparing
  #toldPages: ToldPages
  #notices: Notices
  #lasting: LastingStreams
  #upstreams: Upstreams
  #front: Front
  #certificates: Certificates | undefined
  #deadlines: Deadlines
  #spools: Spools
  #cuts: Cuts
  #admin: HttpServer
  #stopping = new AbortController()
  #saving: Promise<void>
  #applying: Promise<void> = Promise.resolve()
  #ended: Promise<void> = Promise.resolve()
  #predecessors = new Predecessors()

  private constructor(options: EdgeProcessOptions, history: SavedHistory, tls: TlsParts | undefined) {
    const { settings, clock, log, token } = options
    this.#options = options
    this.#certificates = tls?.certificates
    this.#traffic = new Traffic(
      () => clock.now(),
      ({ change, ...facts }) => log.warn(facts, change === "out" ? "a copy is left out for a while" : "a copy is asked again"),
    )
    this.#counters = new Counters(history.counters)
    this.#comparing = new Comparing(() => clock.now())
    this.#toldPages = new ToldPages(history.toldPages)
    this.#notices = new Notices({
      counters: this.#counters,
      toldPages: this.#toldPages,
      clock,
      heartbeatMs: settings.heartbeatMs,
      before: { pages: history.openPages, until: clock.now() + settings.pagesReturnWithinMs },
    })
    this.#lasting = new LastingStreams(clock)
    this.#upstreams = new Upstreams(settings)
    const { signal: stopping } = this.#stopping
    const shared = {
      comparing: this.#comparing,
      traffic: this.#traffic,
      upstreams: this.#upstreams,
      counters: this.#counters,
      lasting: this.#lasting,
    }
    const failures = new FailureLog(log, () => clock.now())
    const now = () => clock.now()
    this.#deadlines = new Deadlines(now, settings.cutGraceMs)
    this.#spools = new Spools(options.state.spoolDirectory, settings.spoolBytes)
    const clients = new Clients(settings, now)
    const identities = new Identities(new TrustedProxies(settings.trustedProxies))
    const pageIds = new PageIds(token)
    this.#cuts = new Cuts(this.#counters, failures, log)
    const tools = {
      ...shared,
      cuts: this.#cuts,
      settings,
      identities,
      pageIds,
      clients,
      failures,
      stopping,
      now,
      deadlines: this.#deadlines,
      spools: this.#spools,
    }
    this.#front = createProxy(tools, new OwnPages({ notices: this.#notices, identities, pageIds, clients }), tls, log)
    this.#admin = createAdmin(token, {
      apply: (table) => this.apply(table),
      table: () => this.#traffic.table,
      traffic: () => this.traffic(),
      pages: () => this.pages(),
      comparison: () => this.comparison(),
      certificates: async (how) => {
        if (how === "read-anew") await this.#certificates?.reload()
        return this.#certificates?.report() ?? []
      },
    })
    this.#saving = this.#saveEachSecond()
  }

  /** Serves from the table on disk as soon as it listens. */
  static async start(options: EdgeProcessOptions): Promise<EdgeProcess> {
    const [table, history] = [await options.state.readTable(), await readHistory(options)]
    const edge = new EdgeProcess(options, history, await openTls(options))
    if (table !== undefined) edge.#use(table)
    await listen(edge.#admin, options.sockets.admin)
    await listen(edge.#front.plain, options.sockets.users)
    if (edge.#front.secure !== undefined && options.sockets.secure !== undefined) await listen(edge.#front.secure, options.sockets.secure)
    return edge
  }

  /** Resolves when nothing is in flight any more, after it was told to stop or to hand over. */
  get ended(): Promise<void> {
    return this.#ended
  }

  get addresses(): Addresses {
    const { plain, secure } = this.#front
    const where = { listen: addressOf(plain), admin: addressOf(this.#admin) }
    return secure?.listening === true ? { ...where, secure: addressOf(secure) } : where
  }

  /** One table at a time: on disk first, then in use, then acknowledged. */
  apply(table: RoutingTable): Promise<void> {
    const applied = this.#applying.then(() => this.#takeIntoUse(table))
    this.#applying = applied.catch(() => {})
    return applied
  }

  traffic(): Record<string, VersionTraffic> {
    return this.#ofEach((version) => ({
      inFlight: this.#traffic.inFlight(version) + this.#predecessors.inFlight(version),
      counters: this.#counters.of(version).counters,
    }))
  }

  pages(): Record<string, VersionPages> {
    const open = this.#notices.pages()
    return this.#ofEach((version) => {
      const { pagesTold, pagesReloaded } = this.#counters.of(version)
      return { open: open.get(version) ?? 0, told: pagesTold, reloaded: pagesReloaded }
    })
  }

  comparison(): Comparison | undefined {
    return this.#comparing.observe()
  }

  /** What a worker before this one still has under way, and has counted since. */
  carry({ pid, inFlight, counted }: Carried): void {
    this.#predecessors.follow(pid, inFlight)
    this.#counters.add(counted)
  }

  /** Takes no new connection, lets what is in flight end, saves, and closes. */
  async stop(): Promise<void> {
    this.#leave()
    this.#front.closeIdle()
    await this.#end()
    await this.#settle()
    this.#options.log.info({ at: this.#options.clock.now() }, "the edge has ended")
  }

  /**
   * Resolves when sockets and files are another's to use. What is in flight goes on, and is reported until it has ended;
   * clients that keep a connection are told with their next answer to open another, and have a while to ask for it.
   */
  async handOver(report: (carried: Omit<Carried, "pid">) => void): Promise<void> {
    this.#leave()
    let before = await this.#settle()
    const tell = () => {
      const now = structuredClone(this.#counters.save())
      const busy = this.#traffic.busyVersions().map((version): [string, number] => [version, this.#traffic.inFlight(version)])
      report({ inFlight: Object.fromEntries(busy), counted: difference(now, before) })
      before = now
    }
    tell()
    const telling = setInterval(tell, reportEveryMs)
    this.#ended = this.#endSlowly().finally(() => {
      clearInterval(telling)
      tell()
      this.#options.log.info({ at: this.#options.clock.now() }, "the edge has handed over and ended")
    })
  }

  #leave(): void {
    this.#stopping.abort()
    this.#front.takeNoMore()
    this.#certificates?.close()
    this.#admin.close()
    this.#lasting.endAll("the edge restarts")
    this.#notices.close()
  }

  /** The files are as this worker leaves them. Gives what they say of counters. */
  async #settle(): Promise<SavedCounters> {
    await this.#saving
    await this.#applying
    const saved = structuredClone(this.#counters.save())
    await this.#save()
    return saved
  }

  async #endSlowly(): Promise<void> {
    await this.#options.clock.sleep(this.#options.settings.idleGraceMs, new AbortController().signal)
    this.#front.closeIdle()
    await this.#end()
  }

  async #end(): Promise<void> {
    await this.#drain().catch(() => {
      const busy = this.#traffic.busyVersions().map((version) => [version, this.#traffic.inFlight(version)] as const)
      this.#cuts.atEnd(new Map(busy))
    })
    await this.#goodbyes().catch(() => "some clients do not hang up")
    this.#front.closeAllConnections()
    this.#admin.closeAllConnections()
    this.#upstreams.close()
  }

  async #takeIntoUse(table: RoutingTable): Promise<void> {
    if (admit(this.#traffic.table, table) === "in-use") return
    await this.#options.state.writeTable(table)
    this.#use(table)
    this.#options.log.info({ generation: table.generation, current: table.current }, "a new generation is in use")
  }

  #use(table: RoutingTable): void {
    for (const version of Object.keys(table.versions)) this.#counters.open(version)
    this.#traffic.use(table)
    this.#comparing.follow(table)
    this.#upstreams.follow(table)
    this.#lasting.follow(table)
    this.#deadlines.follow(table)
    this.#notices.follow(table)
  }

  #ofEach<T>(see: (version: string) => T): Record<string, T> {
    const routed = Object.keys(this.#traffic.table?.versions ?? {})
    const names = new Set([...routed, ...this.#counters.versions(), ...this.#traffic.busyVersions(), ...this.#predecessors.versions()])
    return Object.fromEntries([...names].map((version) => [version, see(version)]))
  }

  #drain(): Promise<true> {
    const left = () => this.#traffic.total + this.#spools.open
    return until(() => (left() === 0 ? { done: true } : { notYet: `${left()} in flight` }), {
      what: "the end of the requests in flight",
      everyMs: 20,
      withinMs: this.#options.settings.drainMs,
      clock: this.#options.clock,
      signal: new AbortController().signal,
    })
  }

  #goodbyes(): Promise<true> {
    const { clock } = this.#options
    const round = () => (this.#front.leaving === 0 ? { done: true as const } : { notYet: `${this.#front.leaving} connections say goodbye` })
    const what = "the end of connections that were told to end"
    return until(round, { what, everyMs: 10, withinMs: goodbyeWithinMs, clock, signal: new AbortController().signal })
  }

  async #saveEachSecond(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#options.clock.sleep(saveEveryMs, signal).catch(() => "stopping")
      await this.#save()
    }
  }

  async #save(): Promise<void> {
    const { state, log } = this.#options
    try {
      const openPages = Object.fromEntries(this.#notices.pages())
      await state.writeHistory({ counters: this.#counters.save(), toldPages: this.#toldPages.save(), openPages })
    } catch (thrown) {
      log.error({ cause: describe(thrown) }, "the counters could not be saved; traffic goes on")
    }
  }
}

/** Where nobody listens for TLS, no certificate is needed. */
async function openTls({ state, settings: { tls }, sockets, clock, log }: EdgeProcessOptions): Promise<TlsParts | undefined> {
  if (tls === "off" || sockets.secure === undefined) return undefined
  const kept = new KeptCertificates(state.certificatesDirectory)
  return { certificates: await Certificates.open({ settings: tls, kept, clock, log }), settings: tls }
}

async function readHistory({ state, log }: EdgeProcessOptions): Promise<SavedHistory> {
  try {
    return await state.readHistory()
  } catch (thrown) {
    log.error({ cause: describe(thrown) }, "the saved counters are unreadable; counting starts anew")
    return { counters: {}, toldPages: [], openPages: {} }
  }
}

function listen(server: Server, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      // Another program has bound the same address, and has begun to listen before.
      if (cause.code === "EADDRINUSE")
        return reject(new ConveyorError("port-occupied", "The port is taken by another program", { facts: { fd }, cause }))
      reject(new ConveyorError("cannot-listen", `The edge cannot listen: ${describe(cause)}`, { facts: { fd, cause: cause.code }, cause }))
    })
    server.listen({ fd }, () => resolve())
  })
}

function addressOf(server: Server): Address {
  const { address, port } = server.address() as AddressInfo
  return { host: address, port }
}

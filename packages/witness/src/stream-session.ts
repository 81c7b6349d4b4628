// A person's event stream or WebSocket: held as long as it lives, opened again when it ends, each end accounted for. Called by
// `runWitness` for one page in twenty. Pinned like the page, it outlives the page's reloads, as the stream of a second tab would.
import { holdEventStream } from "./event-stream.ts"
import type { Failure } from "./perform.ts"
import type { Pin } from "./pin.ts"
import { pause, requestName } from "./run.ts"
import type { Run } from "./run.ts"
import type { StreamSpec, WebSocketSpec } from "./scenario.ts"
import { holdWebSocket } from "./web-socket.ts"

/** Where the page's pin is now, once it has one; each connection goes by the one that it finds. */
export type PinOf = () => Pin | undefined

/** Undefined where the end needs no account: it was ours. */
type Account = "closed-with-reason" | { refused: Failure; latencyMs: number } | { cut: Failure } | undefined

const defaultSilentForMs = 60_000
const reconnectMs = { from: 250, to: 1_000 }
/** "Going away" and "service restart": the codes by which a server says that the client should come again. */
const codesWithReason = new Set([1_001, 1_012])

export async function followEventStream(run: Run, spec: StreamSpec, pinOf: PinOf): Promise<void> {
  const request = requestName({ method: "SSE", path: spec.path })
  await reconnecting(run, request, pinOf, (pin) => followOneStream(run, request, spec, pin))
}

export async function followWebSocket(run: Run, spec: WebSocketSpec, pinOf: PinOf): Promise<void> {
  const request = requestName({ method: "WS", path: spec.path })
  await reconnecting(run, request, pinOf, (pin) => followOneSocket(run, request, spec, pin))
}

async function reconnecting(run: Run, request: string, pinOf: PinOf, hold: (pin: Pin) => Promise<Account>): Promise<void> {
  const { tally, chance, ending } = run
  while (!ending.aborted) {
    const pin = pinOf()
    const account = pin === undefined ? undefined : await hold(pin)
    if (account === "closed-with-reason") {
      tally.streams.closedWithReason += 1
    } else if (account !== undefined && "cut" in account) {
      tally.streams.cut += 1
      tally.record({ request, version: pin?.version, latencyMs: undefined, failure: account.cut })
    } else if (account !== undefined) {
      tally.record({ request, version: undefined, latencyMs: account.latencyMs, failure: account.refused })
    }
    await pause(chance.between(reconnectMs), ending)
  }
}

async function followOneStream({ target, dialect, tally, ending }: Run, request: string, spec: StreamSpec, pin: Pin): Promise<Account> {
  let reasonGiven = false
  const end = await holdEventStream({
    target,
    path: pinned(spec.path, dialect.versionQuery, pin),
    silentForMs: spec.silentForMs ?? defaultSilentForMs,
    opened: ({ headers }, latencyMs) => {
      tally.streams.eventStreams += 1
      const version = headers.get(dialect.versionHeader)
      const rescuedFrom = headers.get(dialect.rescuedHeader)
      const failure = pin.judge({ version, rescuedFrom, at: Date.now() })
      tally.record({ request, version, latencyMs, failure, rescued: rescuedFrom !== undefined })
    },
    event: ({ event }) => {
      if (event === dialect.closeEvent) reasonGiven = true
    },
    signal: ending,
  })
  if (end === "left") return undefined
  if ("refused" in end) return end
  if (reasonGiven || (end.ended === "cleanly" && pin.told)) return "closed-with-reason"
  if (end.ended === "cleanly") return cut("the stream ended without a reason")
  return end.ended.kind === "timeout" ? { cut: end.ended } : cut(end.ended.detail)
}

async function followOneSocket(
  { target, dialect, tally, chance, timeoutMs, ending }: Run,
  request: string,
  spec: WebSocketSpec,
  pin: Pin,
): Promise<Account> {
  const { say } = spec
  const end = await holdWebSocket({
    target,
    path: pinned(spec.path, dialect.versionQuery, pin),
    silentForMs: spec.silentForMs ?? defaultSilentForMs,
    handshakeMs: timeoutMs,
    ...(say === undefined ? {} : { say: { everyMs: say.everyMs, message: () => say.message(chance) } }),
    opened: (headers, latencyMs) => {
      tally.streams.webSockets += 1
      const version = headers[dialect.versionHeader]?.toString()
      const failure = pin.judge({ version, rescuedFrom: undefined, at: Date.now() })
      tally.record({ request, version, latencyMs, failure })
    },
    signal: ending,
  })
  if (end === "left") return undefined
  if ("refused" in end) return end
  if ("silent" in end) return { cut: end.silent }
  return codesWithReason.has(end.closed) ? "closed-with-reason" : cut(`closed with code ${end.closed} ${end.reason}`.trim())
}

const cut = (detail: string): Account => ({ cut: { kind: "reset", detail } })

function pinned(path: string, versionQuery: string, { version }: Pin): string {
  if (version === undefined) return path
  return `${path}${path.includes("?") ? "&" : "?"}${versionQuery}=${encodeURIComponent(version)}`
}

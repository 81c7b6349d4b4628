// An edge that is being started again is waited for. Between the edge and everything here that asks it; made by wiring/.
import type { Edge } from "../../edge/edge.ts"
import type { Clock } from "../../kernel/time/clock.ts"
import { seconds } from "../../kernel/time/duration.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { retry } from "../../kernel/time/retry.ts"

/** In all about 15 s: longer than the control plane needs to start a dead edge again. */
const patience = { attempts: 20, firstPauseMs: 200, longestPauseMs: seconds(1.5) }
const patienceMs = seconds(15)

const passes = new Set(["edge-unreachable", "edge-unacknowledged"])

/** Asking again is safe: applying the same table twice is the same as once. */
export function patientEdge({ routing, metering, pages, tls }: Edge, clock: Clock): Edge {
  const patiently = <T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    const givesUpAt = clock.now() + patienceMs
    const isTransient = (thrown: unknown) => thrown instanceof ConveyorError && passes.has(thrown.code) && clock.now() < givesUpAt
    return retry(work, { ...patience, clock, signal, isTransient })
  }
  return {
    routing: {
      capabilities: (signal) => patiently(() => routing.capabilities(signal), signal),
      apply: (table, signal) => patiently(() => routing.apply(table, signal), signal),
      observe: (signal) => patiently(() => routing.observe(signal), signal),
    },
    metering: {
      observe: (signal) => patiently(() => metering.observe(signal), signal),
      comparison: (signal) => patiently(() => metering.comparison(signal), signal),
    },
    tls: { certificates: (how, signal) => patiently(() => tls.certificates(how, signal), signal) },
    pages: { observe: (signal) => patiently(() => pages.observe(signal), signal) },
  }
}

// From what is written about a check to the check: which question it asks. The one place that knows every kind. Called by wiring/.
import type { Clock } from "../../kernel/time/clock.ts"
import { askCertificate } from "./certificate.ts"
import type { CertificateTarget } from "./certificate.ts"
import type { Check, Place } from "./check.ts"
import { askDns } from "./dns.ts"
import type { DnsTarget } from "./dns.ts"
import { Forecast } from "./forecast.ts"
import { askHeartbeat } from "./heartbeat.ts"
import type { HeartbeatTarget } from "./heartbeat.ts"
import { askHost } from "./host.ts"
import type { HostLimits } from "./host.ts"
import { askHttp } from "./http.ts"
import type { HttpStep } from "./http.ts"
import { askPostgres } from "./postgres.ts"
import type { PostgresLimits } from "./postgres.ts"
import { askTcp } from "./tcp.ts"

export type CheckSpec =
  | { kind: "http"; steps: readonly HttpStep[] }
  | { kind: "tcp"; at: { host: string; port: number } }
  | { kind: "certificate"; of: CertificateTarget }
  | { kind: "dns"; of: DnsTarget }
  | { kind: "postgres"; url: string; limits: PostgresLimits }
  | { kind: "machine"; limits: HostLimits }
  | { kind: "heartbeat"; of: HeartbeatTarget }

export interface CheckTools {
  clock: Clock
  /** When a heartbeat was heard last. */
  lastBeat: (name: string) => number | undefined
}

export function makeCheck(name: string, spec: CheckSpec, tools: CheckTools, place: Place = {}): Check {
  const questionOf = questions[spec.kind] as (spec: CheckSpec, tools: CheckTools) => Check["ask"]
  return { name, kind: spec.kind, place, ask: questionOf(spec, tools) }
}

type Questions = { [Kind in CheckSpec["kind"]]: (spec: Extract<CheckSpec, { kind: Kind }>, tools: CheckTools) => Check["ask"] }

const questions: Questions = {
  http:
    ({ steps }, { clock }) =>
    (signal) =>
      askHttp(steps, clock, signal),
  tcp:
    ({ at }, { clock }) =>
    (signal) =>
      askTcp(at, clock, signal),
  certificate:
    ({ of }, { clock }) =>
    (signal) =>
      askCertificate(of, clock, signal),
  dns:
    ({ of }) =>
    (signal) =>
      askDns(of, signal),
  postgres:
    ({ url, limits }) =>
    (signal) =>
      askPostgres(url, limits, signal),
  machine: ({ limits }, { clock }) => {
    const forecasts = new Map(limits.disks.map((disk) => [disk, new Forecast()]))
    return () => askHost(limits, forecasts, clock.now())
  },
  heartbeat: ({ of }, { clock, lastBeat }) => {
    const watchedSince = clock.now()
    return () => Promise.resolve(askHeartbeat(of, clock.now(), lastBeat(of.name), watchedSince))
  },
}

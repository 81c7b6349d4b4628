// Every code that an error of ours can have: whose fault it is, what the API answers, how the command ends. Read by the
// API, the edge's admin API and the command line; a code that is not here cannot be thrown.

/**
 * "asker": the request was wrong, or not now. "application": what was committed, or how it behaves. "environment": the
 * machine, a database, the network, another program. "conveyor": this program, or two releases of it that do not fit.
 */
export type Fault = "asker" | "application" | "environment" | "conveyor"

export interface ErrorKind {
  fault: Fault
  /** Of the API's answer. */
  status: number
  /** Of the command: 1 not done, 2 asked wrongly, 3 the environment is in the way, 4 a fault of the conveyor. */
  exit: 1 | 2 | 3 | 4
}

/** The request itself is wrong. */
const wrong = (status: number) => ({ fault: "asker", status, exit: 2 }) as const
/** What is asked for is not there, or not for this asker. */
const missing = (status = 404) => ({ fault: "asker", status, exit: 1 }) as const
/** The request is understood, and refused as things are. */
const notNow = { fault: "asker", status: 409, exit: 1 } as const
const application = (status = 422) => ({ fault: "application", status, exit: 1 }) as const
const environment = (status = 503) => ({ fault: "environment", status, exit: 3 }) as const
const conveyor = (status = 500) => ({ fault: "conveyor", status, exit: 4 }) as const

const catalogue = {
  "bad-name": wrong(422),
  "bad-options": wrong(422),
  "bad-request": wrong(400),
  "bad-version": wrong(422),
  "no-zabbix": wrong(422),
  "file-exists": notNow,
  "no-config": missing(),
  "no-such-action": missing(),
  "no-such-change": missing(),
  "no-such-commit": missing(),
  "no-such-incident": missing(),
  "no-such-check": missing(),
  "no-such-notifier": missing(),
  "no-such-silence": missing(),
  "no-such-copy": missing(),
  "no-such-route": missing(),
  "no-such-run": missing(),
  "no-such-service": missing(),
  "no-such-version": missing(),
  unauthorized: missing(401),
  "wrong-token": missing(401),

  "abort-refused": notNow,
  aborted: notNow,
  "already-contracted": notNow,
  "already-done": notNow,
  cancelled: notNow,
  "contract-refused": notNow,
  gone: notNow,
  "in-use": notNow,
  "incident-over": notNow,
  incompatible: notNow,
  "is-current": notNow,
  "no-previous": notNow,
  "no-way-back": notNow,
  "not-baking": notNow,
  "not-built": notNow,
  "not-running": notNow,
  "nothing-released": notNow,
  "phase-order": notNow,
  "repack-refused": notNow,
  "secret-not-granted": notNow,
  superseded: notNow,

  "already-exists": application(),
  "bad-change": application(),
  "bad-file": application(),
  "batch-too-slow": application(),
  "change-edited": application(),
  "change-refused": application(),
  "command-failed": application(),
  "command-timed-out": application(),
  "copy-died": application(),
  "filter-missing": application(),
  "has-submodules": application(),
  "no-evidence": application(),
  "no-fleet": application(),
  "not-in-commit": application(),
  "rows-differ": application(),
  "rows-refuse": application(),
  "star-readers": application(),
  "statement-failed": application(),
  "too-slow": application(),
  unhealthy: application(),
  "worse-than-before": application(),

  "address-taken": environment(),
  "bad-certificate": environment(),
  "cannot-listen": environment(),
  "cannot-start": environment(),
  "cannot-write": environment(),
  "disk-full": environment(507),
  "disk-unknown": environment(),
  "unknown-outcome": environment(),
  "edge-elsewhere": environment(),
  "edge-unacknowledged": environment(),
  "edge-unknown": environment(),
  "edge-unreachable": environment(),
  "fleet-unknown": environment(),
  "git-failed": environment(),
  "lease-held": environment(),
  "lock-timeout": environment(),
  "no-port": environment(),
  "no-systemd": environment(),
  "not-reachable": environment(),
  "not-up": environment(),
  "paused-too-long": environment(),
  "port-occupied": environment(),
  "secret-unreadable": environment(),
  "shard-failed": environment(),
  "shard-unreachable": environment(),
  "systemd-failed": environment(),
  "timed-out": environment(504),
  "zabbix-refused": environment(),

  "artifact-kind": conveyor(),
  "bad-edge-state": conveyor(),
  "bad-routing-table": conveyor(400),
  "bad-runtime-state": conveyor(),
  "bad-state": conveyor(),
  "broken-state": conveyor(),
  "checksum-mismatch": conveyor(),
  closed: conveyor(503),
  "edge-failed": conveyor(502),
  "edge-protocol": conveyor(426),
  "environment-lost": conveyor(),
  "fenced-off": conveyor(409),
  "illegal-event": conveyor(),
  interrupted: conveyor(503),
  "lease-lost": conveyor(409),
  "newer-state": conveyor(),
  "no-identity": conveyor(),
  "no-such-record": conveyor(),
  "not-started": conveyor(),
  "not-understood": conveyor(502),
  "stale-epoch": conveyor(409),
  "stale-generation": conveyor(409),
  stopped: conveyor(503),
  unexpected: conveyor(),
} as const satisfies Readonly<Record<string, ErrorKind>>

export type ErrorCode = keyof typeof catalogue

export const kindOf = (code: ErrorCode): ErrorKind => catalogue[code]

export const errorCodes = Object.keys(catalogue) as readonly ErrorCode[]

/** A code that came from another process, which may be of another release; one that is not known here is "unexpected". */
export const knownCode = (code: string): ErrorCode => (Object.hasOwn(catalogue, code) ? (code as ErrorCode) : "unexpected")

// Structured logs, one JSON object a line. Made once a process, passed to what logs.
import { pino } from "pino"
import type { Facts } from "./errors/errors.ts"
import { LogSink } from "./disk/log-sink.ts"

export interface Logger {
  info(facts: Facts, message: string): void
  warn(facts: Facts, message: string): void
  error(facts: Facts, message: string): void
  child(facts: Facts): Logger
}

/** A logger that writes to `file`, or to standard error where none is named. Logging never throws, and never ends a process. */
export function createLogger(name: string, file?: string): Logger {
  return pino({ name }, new LogSink(file))
}

export const silentLogger: Logger = {
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
}

// How a copy is asked how it is: parsed from conveyor.yml, kept with what is wanted of the runtime, asked by watch and release.

interface Pace {
  /** Of one question: no answer by then is none. */
  timeoutMs: number
  /** Between two questions to a copy that is well. */
  intervalMs: number
  /** So many failures in a row, and no request is given to the copy any more. */
  failures: number
}

/** Both ends included. */
export interface CodeRange {
  from: number
  to: number
}

export interface HttpCheck extends Pace {
  kind: "http"
  method: "GET" | "POST"
  /** May have a query. */
  path: string
  /** The Host header; the copy's address where there is none. */
  host?: string | undefined
  /** What means well. */
  codes: readonly CodeRange[]
  /** "status": JSON that repeats the release's id. "none": the code alone. */
  body: "status" | "none"
  /** Id of the test client whose state a POST asks for. */
  client: string
}

export interface TcpCheck extends Pace {
  kind: "tcp"
}

/** Run beside the copy, with all that it was started with; exit code 0 means well. */
export interface CommandCheck extends Pace {
  kind: "command"
  command: string
}

/** Well is what has lived so long. */
export interface StaysUpCheck extends Pace {
  kind: "stays-up"
  forMs: number
}

export type HealthCheck = HttpCheck | TcpCheck | CommandCheck | StaysUpCheck

/** What is done to find out, in words for people. */
export function checkInWords(check: HealthCheck): string {
  if (check.kind === "http") return `${check.method} ${check.path}`
  if (check.kind === "tcp") return "a TCP connection"
  return check.kind === "command" ? `\`${check.command}\`` : `it stays up for ${check.forMs / 1_000} s`
}

export const codesInWords = (codes: readonly CodeRange[]): string =>
  codes.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(" or ")

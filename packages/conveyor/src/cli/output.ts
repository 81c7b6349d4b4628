// Standard output and error that somebody has closed: `conveyor up | head -1`, a terminal that is gone. Whoever no longer
// listens is told nothing more; what the command does it does to its end, and its exit code says how it went. Called by main.ts.

/** EIO is a terminal that is gone; EPIPE and ECONNRESET a pipe or a socket that nobody reads. */
const nobodyListens = new Set<unknown>(["EPIPE", "EIO", "ECONNRESET", "ERR_STREAM_DESTROYED"])

/** @param onFailure told of anything else that keeps output from being written, such as a full disk. */
export function outliveClosedOutput(streams: readonly NodeJS.WritableStream[], onFailure: (cause: Error) => void): void {
  for (const stream of streams) {
    stream.on("error", (cause: Error & { code?: unknown }) => {
      if (!nobodyListens.has(cause.code)) onFailure(cause)
    })
  }
}

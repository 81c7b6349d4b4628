// What a raw client or a raw copy does beside sending bytes. Named by the tables; done by the client and the copy.

/** Something that is done between bytes. */
export interface Act {
  act: "pause" | "heard" | "half-close" | "close" | "reset"
}

/** Bytes (latin1), or an act. */
export type Part = string | Act

/** For so long that what was sent has arrived. */
export const pause: Act = { act: "pause" }
/** Waits until something new has come back. */
export const heard: Act = { act: "heard" }
/** The client sends no more, and listens. */
export const halfClose: Act = { act: "half-close" }
export const close: Act = { act: "close" }
export const reset: Act = { act: "reset" }

export const mapBytes = (parts: readonly Part[], change: (bytes: string) => string): Part[] =>
  parts.map((part) => (typeof part === "string" ? change(part) : part))

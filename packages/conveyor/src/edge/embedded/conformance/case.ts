// What a case of the conformance table says: the bytes of a client or of a copy, and what an edge is to make of them. The
// tables are in cases/; read by the tests.
import type { Script } from "./raw-copy.ts"
import type { Part } from "./parts.ts"

export interface Case {
  name: string
  /** "/@/" stands for a path that only this case uses. */
  sends: readonly Part[]
  /** Statuses in order, interim ones too; behind a status the body where a script of the copy says one, "..." where it breaks off. */
  hears: string
  /** Requests that reach the copy whole, as method, target and body. */
  asked: readonly string[]
  /** What the copy must find in the head of its first request. */
  sees?: RegExp
  seesNot?: RegExp
  /** How the copy answers, where it does not just say what it was asked. */
  answer?: Script
  method?: string
  /** Why less passes here than through HAProxy or nginx. */
  stricter?: string
  /** Why something passes here that HAProxy or nginx do not let pass, or pass otherwise. */
  freer?: string
}

type More = Partial<Omit<Case, "name" | "sends">>

const parts = (sends: string | readonly Part[]) => (typeof sends === "string" ? [sends] : sends)

/** The copy hears nothing of it. */
export const refused = (status: number, name: string, sends: string | readonly Part[], more: More = {}): Case => ({
  name,
  sends: parts(sends),
  hears: String(status),
  asked: [],
  ...more,
})

export const carried = (name: string, sends: string | readonly Part[], asked: string | readonly string[], more: More = {}): Case => {
  const all = typeof asked === "string" ? [asked] : asked
  return { name, sends: parts(sends), hears: all.map(() => "200").join(" "), asked: all, ...more }
}

/** What a client is told of an answer of a copy, to a plain GET where nothing else is said. */
export const answered = (name: string, script: Script["parts"], hears: string, more: More & { sends?: readonly Part[] } = {}): Case => ({
  name,
  sends: [get()],
  hears,
  asked: ["GET /@/g"],
  answer: { to: "whole request", parts: script },
  ...more,
})

export const host = "Host: shop.test\r\n"
const lines = (fields: string) => (fields === "" ? "" : `${fields}\r\n`)

/** `fields` are lines without the last line break. */
export const post = (fields: string, body = "") => `POST /@/p HTTP/1.1\r\n${host}${lines(fields)}\r\n${body}`
export const get = (fields = "", target = "/@/g") => `GET ${target} HTTP/1.1\r\n${host}${lines(fields)}\r\n`
/** A request that is hidden in a body, or behind one. */
export const inner = `GET /@/inner HTTP/1.1\r\n${host}\r\n`
export const hello = "5\r\nhello\r\n0\r\n\r\n"

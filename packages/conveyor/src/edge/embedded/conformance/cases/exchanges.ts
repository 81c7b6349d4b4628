// What passes from hop to hop and what does not, and how requests follow each other: who the client is, Expect, pipelines,
// upgrades, half-closed connections.
import { carried, get, host, post, refused } from "../case.ts"
import type { Case } from "../case.ts"
import { halfClose, heard } from "../parts.ts"

const forged = [
  "X-Forwarded-For",
  "X-Forwarded-Proto",
  "X-Forwarded-Host",
  "X-Forwarded-Port",
  "X-Forwarded-Prefix",
  "X-Forwarded-Anything",
  "X-Real-IP",
  "Forwarded",
  "True-Client-IP",
  "X-Original-URL",
  "X-Rewrite-URL",
]
const say = (names: readonly string[]) => get(names.map((name) => `${name}: 6.6.6.6`).join("\r\n"))
const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13"

export const exchanges: readonly Case[] = [
  carried("what a client says of itself", say(forged), "GET /@/g", { sees: /^x-forwarded-for: 127\.0\.0\.1$/m, seesNot: /6\.6\.6\.6/ }),
  carried("the same with underscores", say(forged.map((name) => name.replaceAll("-", "_"))), "GET /@/g", { seesNot: /6\.6\.6\.6/ }),
  carried("the same where Connection names it", get("Connection: x-forwarded-for\r\nX-Forwarded-For: 6.6.6.6"), "GET /@/g", {
    sees: /^x-forwarded-for: 127\.0\.0\.1$/m,
    seesNot: /6\.6\.6\.6/,
  }),
  carried(
    "what belongs to one hop",
    get("TE: trailers\r\nProxy-Connection: x\r\nKeep-Alive: timeout=99\r\nProxy-Authorization: p"),
    "GET /@/g",
    {
      seesNot: /^(?:te|proxy-connection|keep-alive|proxy-authorization):/im,
    },
  ),
  carried("what Connection names", get("Connection: x-hop\r\nX-Hop: 1"), "GET /@/g", { seesNot: /x-hop/i }),
  carried(
    "who the user is, though Connection names it",
    get("Connection: cookie, authorization\r\nCookie: a=b\r\nAuthorization: Basic x"),
    "GET /@/g",
    {
      sees: /^Cookie: a=b$[^]*^Authorization: Basic x$/m,
    },
  ),
  carried("100-continue", [post("Expect: 100-continue\r\nContent-Length: 5"), heard, "hello"], "POST /@/p hello", {
    hears: "100 200",
  }),
  carried(
    "100-continue from a client of HTTP/1.0",
    `POST /@/p HTTP/1.0\r\n${host}Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`,
    "POST /@/p hello",
  ),
  refused(417, "another expectation", post("Expect: nonsense\r\nContent-Length: 5", "hello"), {
    stricter: "RFC 9110, 10.1.1: an expectation that nobody can meet is answered with 417",
  }),
  carried("three requests in a pipeline", get("", "/@/1") + get("", "/@/2") + get("", "/@/3"), ["GET /@/1", "GET /@/2", "GET /@/3"]),
  carried("a POST and a GET in a pipeline", post("Content-Length: 5", "hello") + get(), ["POST /@/p hello", "GET /@/g"]),
  carried("a request behind one that closes", get("Connection: close") + get("", "/@/late"), "GET /@/g"),
  carried("a client that closes its side behind a request", [get(), halfClose], "GET /@/g", {
    freer: "it may still read: nginx gives up on it",
  }),
  carried("an upgrade to HTTP/2", get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ"), "GET /@/g", {
    seesNot: /h2c|http2-settings/i,
  }),
  carried("an upgrade to what nobody knows", get("Connection: Upgrade\r\nUpgrade: foo"), "GET /@/g", { seesNot: /upgrade/i }),
  carried("an upgrade that brings a body", `POST /@/p HTTP/1.1\r\n${host}${upgrade}\r\nContent-Length: 4\r\n\r\nbody`, "POST /@/p body", {
    seesNot: /upgrade/i,
  }),
  carried("an upgrade that the copy answers like any request", get(upgrade), "GET /@/g", { sees: /^Connection: Upgrade$[^]*/m }),
]

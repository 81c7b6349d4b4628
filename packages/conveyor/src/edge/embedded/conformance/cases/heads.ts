// Request lines and header lines: what is a line, what is a method, what is a version.
import { carried, get, host, refused } from "../case.ts"
import type { Case } from "../case.ts"
import { heard, pause } from "../parts.ts"

const lone = "RFC 9112, 2.2: a server may take a lone LF for a line's end; who does not agree sees other fields"
const octets = "RFC 9110, 5.5: control bytes in a value are dangerous, and may be refused"
const oneSpace = "RFC 9112, 3: one space; whoever is more lenient may see another target"
const version = "RFC 9112, 2.3: HTTP/1 is spoken here; a later major version has other rules"

export const heads: readonly Case[] = [
  refused(400, "a head whose lines end with LF", "GET /@/g HTTP/1.1\nHost: shop.test\n\n", { stricter: lone }),
  refused(400, "one header that ends with LF", get("X-A: b\nX-C: d"), { stricter: lone }),
  refused(400, "a lone CR in a value", get("X-A: b\rX-C: d")),
  refused(400, "a NUL in a value", get("X-A: b\0c"), { stricter: octets }),
  refused(400, "a NUL in a name", get("X-\0A: b")),
  refused(400, "a NUL in the target", get("", "/@/g\0x")),
  refused(400, "a name with a space", get("X A: b")),
  refused(400, "a header without a colon", get("XA"), {
    stricter: "RFC 9112, 5: every field has a colon; nginx leaves the line out in silence",
  }),
  refused(400, "a header without a name", get(": b")),
  refused(400, "a space before the first header", "GET /@/g HTTP/1.1\r\n Host: shop.test\r\n\r\n"),
  refused(400, "a name beyond ASCII", get("X-\xe9: b"), {
    stricter: "RFC 9110, 5.1: a name is a token; nginx leaves the line out in silence",
  }),
  carried("a value beyond ASCII", get("X-A: \xc3\xa9\xff"), "GET /@/g"),
  refused(400, "control bytes in a value", get("X-A: a\x7f\x01"), { stricter: octets }),
  carried("empty lines before the request", `\r\n\r\n${get()}`, "GET /@/g"),
  refused(400, "a lone LF before the request", `\n${get()}`, { stricter: lone }),
  refused(400, "two spaces in the request line", `GET  /@/g HTTP/1.1\r\n${host}\r\n`, { stricter: oneSpace }),
  refused(400, "tabs in the request line", `GET\t/@/g\tHTTP/1.1\r\n${host}\r\n`, { stricter: oneSpace }),
  refused(400, "a tab in the target", get("", "/@/g\tx")),
  refused(400, "a space in the target", get("", "/@/g x")),
  refused(400, "a space behind the version", `GET /@/g HTTP/1.1 \r\n${host}\r\n`, { stricter: oneSpace }),
  refused(400, "a method in small letters", `get /@/g HTTP/1.1\r\n${host}\r\n`, {
    stricter: "methods are case-sensitive, and none is written so: copies take it for no request at all",
  }),
  carried("a method that nobody knows", `FOO /@/g HTTP/1.1\r\n${host}\r\n`, "FOO /@/g"),
  carried("a method of caches", `PURGE /@/g HTTP/1.1\r\n${host}\r\n`, "PURGE /@/g"),
  carried("a later minor version", `GET /@/g HTTP/1.2\r\n${host}\r\n`, "GET /@/g", { sees: /^GET .* HTTP\/1\.1$/m }),
  refused(505, "version 2.0 in a line of version 1", `GET /@/g HTTP/2.0\r\n${host}\r\n`, { stricter: version }),
  refused(505, "version 3.7", `GET /@/g HTTP/3.7\r\n${host}\r\n`, { stricter: version }),
  refused(400, "a version with a zero before it", `GET /@/g HTTP/01.1\r\n${host}\r\n`),
  refused(400, "a version in small letters", `GET /@/g http/1.1\r\n${host}\r\n`),
  refused(400, "a request of HTTP/0.9", "GET /@/g\r\n", {
    stricter: "HTTP/0.9 has no status and no end: an answer could not say what became of the request",
  }),
  refused(400, "a request of HTTP/0.9 with a Host", `GET /@/g\r\n${host}\r\n`, { stricter: "as without one" }),
  carried("a request of HTTP/1.0 without a Host", "GET /@/g HTTP/1.0\r\n\r\n", "GET /@/g"),
  carried(
    "two requests of HTTP/1.0 on a connection that is kept",
    ["GET /@/g HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", heard, "GET /@/g2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"],
    ["GET /@/g", "GET /@/g2"],
  ),
  refused(505, "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", { stricter: version }),
  refused(400, "the beginning of TLS", `\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03${"\0".repeat(50)}`),
  carried("a head in two parts", ["GET /@/g HT", pause, `TP/1.1\r\n${host}\r\n`], "GET /@/g"),
  carried("a head whose line break comes in two parts", [`GET /@/g HTTP/1.1\r\n${host}\r`, pause, "\n"], "GET /@/g"),
  refused(431, "a header of 20 KB", get(`X-A: ${"a".repeat(20_000)}`)),
  refused(431, "a header of 60 KB", get(`X-A: ${"a".repeat(60_000)}`)),
  refused(431, "500 headers", get(Array.from({ length: 500 }, (_, i) => `X-${i}: 1`).join("\r\n")), {
    stricter: "200 headers at most: what passes here passes the copies' own limits too",
  }),
  refused(431, "a target of 20 KB", get("", `/@/${"a".repeat(20_000)}`)),
]

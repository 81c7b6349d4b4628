// Answers of copies, good and bad, and what a client is told of them.
import { answered, get, post } from "../case.ts"
import type { Case } from "../case.ts"
import { close, heard, pause, reset } from "../parts.ts"

const ok = "HTTP/1.1 200 OK\r\n"
const okOk = `${ok}Content-Length: 2\r\n\r\nok`
const old = "GET /@/g HTTP/1.0\r\n\r\n"
const nginxHints = "RFC 9110, 15.2: interim answers are passed on; nginx waits in vain for what follows one"
const lengths = "an answer with two lengths, equal or not, ends where nobody can know: the next user could get its rest"
const codings = "an answer with more than one way to its end, or with a coding that nobody undoes, is passed on by nobody who means it"
const lines = "RFC 9112, 2.2 and 5.2, as in requests: what two readers could read differently is no answer"
const upload = post("Content-Length: 200000", "x".repeat(200_000))

export const answers: readonly Case[] = [
  answered("100 unasked, then 200", ["HTTP/1.1 100 Continue\r\n\r\n", okOk], "200 ok", { freer: nginxHints }),
  answered("102, then 200", ["HTTP/1.1 102 Processing\r\n\r\n", pause, okOk], "102 200 ok", { freer: nginxHints }),
  answered("103, then 200", ["HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n", pause, okOk], "103 200 ok", {
    freer: nginxHints,
  }),
  answered("103 for a client of HTTP/1.0", ["HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", pause, okOk], "200 ok", {
    sends: [old],
    freer: nginxHints,
  }),
  answered("101 unasked", ["HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: upgrade\r\n\r\nraw"], "502"),
  answered("204 with a body", ["HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"], "204"),
  answered("204 with chunks", ["HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"], "204"),
  answered("304 with a length", ['HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "x"\r\n\r\n'], "304"),
  answered("304 with a body", ["HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello"], "304"),
  answered("HEAD with a length", [`${ok}Content-Length: 5\r\n\r\n`], "200", {
    sends: [get().replace("GET", "HEAD")],
    asked: ["HEAD /@/g"],
    method: "HEAD",
  }),
  answered("HEAD with a body", [`${ok}Content-Length: 5\r\n\r\nhello`], "200", {
    sends: [get().replace("GET", "HEAD")],
    asked: ["HEAD /@/g"],
    method: "HEAD",
  }),
  answered("a body that ends with the connection", [`${ok}\r\nhello`, pause, " world", close], "200 hello world"),
  answered("the same from a copy of HTTP/1.0", ["HTTP/1.0 200 OK\r\n\r\nhello", close], "200 hello"),
  answered("the same for a client of HTTP/1.0", [`${ok}\r\nhello`, close], "200 hello", { sends: [old] }),
  answered("the same, reset", [`${ok}\r\nhello`, pause, reset], "200 hello...", {
    stricter: "a reset is no end: HAProxy closes as if the body had ended",
  }),
  answered("a body shorter than its length", [`${ok}Content-Length: 50\r\n\r\nhello`, close], "200 hello..."),
  answered("chunks without a last one", [`${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`, close], "200 hello..."),
  answered("a chunk that breaks off", [`${ok}Transfer-Encoding: chunked\r\n\r\n50\r\nhello`, close], "200 hello..."),
  answered("chunks for a client of HTTP/1.0", [`${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`], "200 hello", {
    sends: [old],
  }),
  answered(
    "trailers for a client of HTTP/1.0",
    [`${ok}Trailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n`],
    "200 ok",
    { sends: [old] },
  ),
  answered("chunks and a length", [`${ok}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n`], "502", {
    stricter: codings,
  }),
  answered("a length twice", [`${ok}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`], "502", { stricter: lengths }),
  answered("two lengths", [`${ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`], "502"),
  answered("a list of lengths", [`${ok}Content-Length: 2, 2\r\n\r\nok`], "502", { stricter: lengths }),
  answered("a length with a plus", [`${ok}Content-Length: +2\r\n\r\nok`], "502"),
  answered("gzip, then chunked", [`${ok}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`], "502", { stricter: codings }),
  answered("trailers", [`${ok}Trailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n`], "200 ok"),
  answered(
    "a trailer that sets a cookie",
    [`${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSet-Cookie: a=b\r\nContent-Length: 9\r\n\r\n`],
    "200 ok",
  ),
  answered("a head whose lines end with LF", ["HTTP/1.1 200 OK\nContent-Length: 2\n\nok"], "502", { stricter: lines }),
  answered("chunks whose lines end with LF", [`${ok}Transfer-Encoding: chunked\r\n\r\n2\nok\n0\n\n`], "502", { stricter: lines }),
  answered("a folded header", [`${ok}X-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok`], "502", { stricter: lines }),
  answered("a lone CR in a value", [`${ok}X-A: b\rSet-Cookie: x\r\nContent-Length: 2\r\n\r\nok`], "502"),
  answered("a NUL in a value", [`${ok}X-A: b\0c\r\nContent-Length: 2\r\n\r\nok`], "502", { stricter: lines }),
  answered("a value beyond ASCII", [`${ok}X-A: caf\xc3\xa9\r\nContent-Length: 2\r\n\r\nok`], "200 ok"),
  answered("no reason", ["HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"], "200 ok"),
  answered("status 999", ["HTTP/1.1 999 Weird\r\nContent-Length: 2\r\n\r\nok"], "999 ok"),
  answered("status 42", ["HTTP/1.1 42 Odd\r\nContent-Length: 2\r\n\r\nok"], "502", { stricter: "RFC 9112, 4: a status has three digits" }),
  answered("what is no answer", ["SSH-2.0-OpenSSH\r\n", close], "502", { stricter: "nginx takes what has no status line for HTTP/0.9" }),
  answered("an answer of HTTP/0.9", ["hello world", close], "502", { stricter: "nginx takes what has no status line for HTTP/0.9" }),
  answered("more than an answer", [`${okOk}EXTRA`], "200 ok"),
  answered("a second answer unasked", [okOk, pause, `${ok}Content-Length: 4\r\n\r\nevil`], "200 ok", {
    sends: [get(), heard, pause, pause],
  }),
  answered("a head of 60 KB", [`${ok}X-A: ${"a".repeat(60_000)}\r\nContent-Length: 2\r\n\r\nok`], "200 ok", {
    freer: "64 KB of a head are bound enough, and applications set large policies and cookies",
  }),
  answered(
    "200 headers",
    [`${ok}${Array.from({ length: 200 }, (_, i) => `X-${i}: 1\r\n`).join("")}Content-Length: 2\r\n\r\nok`],
    "200 ok",
    {
      freer: "HAProxy takes 101",
    },
  ),
  answered("a header that Connection names", [`${ok}Connection: x-a\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok`], "200 ok"),
  answered("a length that Connection names", [`${ok}Connection: content-length\r\nContent-Length: 2\r\n\r\nok`], "200 ok"),
  answered("a head byte by byte", okOk.split(""), "200 ok"),
  answered("an answer before the body is whole", ["HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"], "413 big", {
    sends: [upload],
    asked: [],
    answer: { to: "head", parts: ["HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"] },
  }),
]

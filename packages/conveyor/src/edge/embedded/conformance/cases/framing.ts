// Where a request's body ends: lengths and transfer codings, alone and beside each other.
import { carried, hello, inner, post, refused } from "../case.ts"
import type { Case } from "../case.ts"
import { halfClose } from "../parts.ts"

const asHello = "POST /@/p hello"
const both = "RFC 9112, 6.1: a length beside a coding is how requests are smuggled; the server may refuse it"
const twice = "one length, said once: RFC 9112, 6.3 allows to repair equal ones, and to refuse them"
const folded = "RFC 9112, 5.2: a folded line is refused or made one; two readers see different fields in it"

export const framing: readonly Case[] = [
  refused(400, "a length, then a coding", post("Content-Length: 5\r\nTransfer-Encoding: chunked", `0\r\n\r\n${inner}`), { stricter: both }),
  refused(400, "a coding, then a length", post("Transfer-Encoding: chunked\r\nContent-Length: 4", hello), { stricter: both }),
  refused(501, "a coding that only ends with chunked", post("Transfer-Encoding: xchunked", hello)),
  refused(400, "a space before the colon", post("Transfer-Encoding : chunked", hello)),
  carried("a tab before the coding", post("Transfer-Encoding:\tchunked", hello), asHello, {
    freer: "RFC 9112, 5: a tab is white space; nginx takes it for a part of the name of the coding",
  }),
  carried("a coding in capitals", post("Transfer-Encoding: CHUNKED", hello), asHello),
  refused(501, "chunked, then identity", post("Transfer-Encoding: chunked, identity", hello)),
  refused(501, "identity, then chunked", post("Transfer-Encoding: identity, chunked", hello)),
  refused(501, "gzip, then chunked", post("Transfer-Encoding: gzip, chunked", hello)),
  refused(400, "identity beside a length", post("Transfer-Encoding: identity\r\nContent-Length: 5", "hello")),
  refused(400, "two codings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", hello)),
  refused(501, "chunked twice in one line", post("Transfer-Encoding: chunked, chunked", hello)),
  refused(501, "a quoted coding", post('Transfer-Encoding: "chunked"', hello)),
  refused(400, "a vertical tab before the coding", post("Transfer-Encoding: \x0bchunked", hello)),
  refused(400, "a NUL behind the coding", post("Transfer-Encoding: chunked\0", hello)),
  refused(501, "an empty coding", post("Transfer-Encoding:\r\nContent-Type: a/b", hello)),
  refused(400, "a coding on a folded line", post("Transfer-Encoding:\r\n chunked", hello), { stricter: folded }),
  refused(400, "a folded line", post("X-A: b\r\n c\r\nContent-Length: 0"), { stricter: folded }),
  carried(
    "a coding with an underscore in its name, which is none",
    post("Transfer_Encoding: chunked\r\nContent-Length: 5", "hello"),
    asHello,
  ),
  carried("a length with an underscore in its name, which is none", post("Content_Length: 2\r\nContent-Length: 5", "hello"), asHello),
  refused(400, "a length twice", post("Content-Length: 5\r\nContent-Length: 5", "hello"), { stricter: twice }),
  refused(400, "two lengths", post("Content-Length: 5\r\nContent-Length: 6", "hello!")),
  refused(400, "a list of equal lengths", post("Content-Length: 5, 5", "hello"), { stricter: twice }),
  refused(400, "a length with a plus", post("Content-Length: +5", "hello")),
  refused(400, "a length below zero", post("Content-Length: -5", "hello")),
  refused(400, "a length with a space in it", post("Content-Length: 5 5", "hello")),
  refused(400, "a length in base 16", post("Content-Length: 0x5", "hello")),
  carried("a length that begins with zeros", post("Content-Length: 005", "hello"), asHello, { sees: /^Content-Length: 5$/m }),
  refused(400, "an empty length", post("Content-Length:")),
  refused(413, "a length beyond 64 bits", post("Content-Length: 18446744073709551621", "hello")),
  refused(413, "a length beyond all bounds", post("Content-Length: 1000000000000000", "hello")),
  carried("a body of a GET", "GET /@/g HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 5\r\n\r\nhello", "GET /@/g hello"),
  ...["content-length", "close, Content-Length", "host, transfer-encoding, content-length"].map((named) =>
    carried(
      `a length that "Connection: ${named}" names`,
      post(`Connection: ${named}\r\nContent-Length: ${inner.length}`, inner),
      `POST /@/p ${inner}`,
    ),
  ),
  carried("a coding that Connection names", post("Connection: transfer-encoding\r\nTransfer-Encoding: chunked", hello), asHello),
  refused(400, "chunks from a client of HTTP/1.0", `POST /@/p HTTP/1.0\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n${hello}`, {
    stricter: "RFC 9112, 6.1: HTTP/1.0 knows no codings, so the framing is faulty whatever it says",
  }),
  refused(
    400,
    "chunks and a length from a client of HTTP/1.0",
    `POST /@/p HTTP/1.0\r\nHost: shop.test\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n${hello}`,
    { stricter: both },
  ),
  carried("a POST without a body", post(""), "POST /@/p", { sees: /^Content-Length: 0$/m }),
  refused(400, "a body that ends before its length", [post("Content-Length: 50", "hello"), halfClose]),
  carried("what is no request behind a body", post("Content-Length: 5", "hello\r\nGARBAGE"), asHello),
  carried("an empty line before the next request", post("Content-Length: 5", `hello\r\n${inner}`), [asHello, "GET /@/inner"]),
]

// Bodies in chunks: sizes, extensions, line breaks and trailers.
import { carried, post, refused } from "../case.ts"
import type { Case } from "../case.ts"
import { halfClose } from "../parts.ts"

const chunked = (body: string) => post("Transfer-Encoding: chunked", body)
const asHello = "POST /@/p hello"
const lineBreaks =
  "RFC 9112, 7.1: lines of chunks end with CR and LF; servers that disagree about a lone LF disagree about where the body ends"
const digits = "a size is as long as a size can be; forty digits are none that anybody means"
const extensions = "extensions are no body: they are bounded, or a byte of a body could cost as much as one likes"

export const chunks: readonly Case[] = [
  refused(400, "a size in C's base 16", chunked("0x5\r\nhello\r\n0\r\n\r\n")),
  refused(400, "a size below zero", chunked("-5\r\nhello\r\n0\r\n\r\n")),
  refused(400, "a size with a plus", chunked("+5\r\nhello\r\n0\r\n\r\n")),
  refused(400, "a size with a space behind it", chunked("5 \r\nhello\r\n0\r\n\r\n"), {
    stricter: "RFC 9112, 7.1 has no white space there but before an extension",
  }),
  refused(400, "a size of forty zeros and a five", chunked(`${"0".repeat(40)}5\r\nhello\r\n0\r\n\r\n`), { stricter: digits }),
  refused(400, "a size beyond 64 bits", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n")),
  refused(400, "a size of 64 bits", chunked("ffffffffffffffff\r\nhello\r\n0\r\n\r\n")),
  refused(400, "no size", chunked("\r\nhello\r\n0\r\n\r\n")),
  refused(400, "a size with an underscore", chunked("0_5\r\nhello\r\n0\r\n\r\n")),
  carried("a size in capitals", chunked("A\r\n0123456789\r\n0\r\n\r\n"), "POST /@/p 0123456789"),
  carried("an extension", chunked("5;a=b\r\nhello\r\n0\r\n\r\n"), asHello),
  carried("an extension behind a space, and a quoted one", chunked('5 ;a="b;c"\r\nhello\r\n0;last\r\n\r\n'), asHello),
  refused(400, "an extension with a lone LF", chunked("5;a\nx\r\nhello\r\n0\r\n\r\n")),
  refused(400, "an extension with a lone CR", chunked("5;a\rx\r\nhello\r\n0\r\n\r\n")),
  refused(400, "an extension of 20 KB", chunked(`5;a=${"b".repeat(20_000)}\r\nhello\r\n0\r\n\r\n`), { stricter: extensions }),
  refused(400, "two extensions of 9 KB", chunked(`${`5;a=${"b".repeat(9_000)}\r\nhello\r\n`.repeat(2)}0\r\n\r\n`), {
    stricter: extensions,
  }),
  refused(400, "lines of chunks that end with LF", chunked("5\nhello\n0\n\n"), { stricter: lineBreaks }),
  refused(400, "a last line that ends with LF", chunked("5\r\nhello\r\n0\n\r\n"), { stricter: lineBreaks }),
  refused(400, "LF behind a chunk", chunked("5\r\nhello\n0\r\n\r\n"), { stricter: lineBreaks }),
  refused(400, "a chunk longer than its size", chunked("5\r\nhelloXX\r\n0\r\n\r\n")),
  refused(400, "CR and another byte behind a chunk", chunked("5\r\nhello\rX0\r\n\r\n")),
  refused(400, "a body that ends before its last chunk", [chunked("5\r\nhello\r\n"), halfClose]),
  carried("a trailer", chunked("5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"), asHello),
  carried(
    "trailers that frame, route or say who is there",
    chunked("5\r\nhello\r\n0\r\nContent-Length: 99\r\nHost: evil\r\nX-Forwarded-For: 6.6.6.6\r\nX_Real_Ip: 6.6.6.6\r\n\r\n"),
    asHello,
  ),
  refused(400, "trailers that end with LF", chunked("5\r\nhello\r\n0\r\nX-T: 1\n\n"), { stricter: lineBreaks }),
  refused(400, "a trailer without a colon", chunked("5\r\nhello\r\n0\r\nXT\r\n\r\n"), { stricter: "RFC 9112, 5.1: a field has a colon" }),
  refused(400, "a folded trailer", chunked("5\r\nhello\r\n0\r\nX-T: 1\r\n 2\r\n\r\n"), { stricter: "RFC 9112, 5.2, as in heads" }),
]

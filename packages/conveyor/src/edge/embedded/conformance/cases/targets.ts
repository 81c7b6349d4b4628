// Where a request goes: targets in all their forms, and the Host beside them.
import { carried, get, host, inner, refused } from "../case.ts"
import type { Case } from "../case.ts"

const absolute = "RFC 9112, 3.2.2: a server takes the absolute form, and its host goes before the Host header"
const hostForm = "RFC 9112, 3.2: a Host that is none is answered with 400"
const tunnels = "no tunnel through the edge, and no method that shows a client's cookies to whoever made it send them"
const asItIs = (target: string) => carried(`the target ${target}, as it is`, get("", target), `GET ${target}`)
const withHost = (line: string) => `GET /@/g HTTP/1.1\r\n${line}\r\n`

export const targets: readonly Case[] = [
  carried("an absolute target with another host", get("", "http://evil.test/@/g"), "GET /@/g", {
    sees: /^Host: evil\.test$/m,
    seesNot: /shop\.test/,
    freer: absolute,
  }),
  carried("an absolute target of https", get("", "https://evil.test/@/g"), "GET /@/g", { sees: /^Host: evil\.test$/m, freer: absolute }),
  carried("an absolute target with dots", get("", "http://evil.test/@/api/../admin"), "GET /@/api/../admin", { freer: absolute }),
  carried("an absolute target with a query and no path", "GET http://shop.test?a HTTP/1.0\r\n\r\n", "GET /?a", { freer: absolute }),
  refused(400, "an absolute target with a user", get("", "http://a:b@evil.test/@/g")),
  refused(400, "an absolute target of another scheme", get("", "ftp://x/@/g"), { stricter: "http and https are carried" }),
  refused(400, "an absolute target without a host", get("", "http:///@/g"), {
    stricter: "RFC 9110, 4.2.1: a host that is empty is invalid",
  }),
  refused(400, "GET *", get("", "*"), { stricter: "RFC 9112, 3.2.4: only OPTIONS asks of the server itself" }),
  refused(200, "OPTIONS *", `OPTIONS * HTTP/1.1\r\n${host}\r\n`, { freer: "RFC 9110, 9.3.7: it is asked of the edge, and answered by it" }),
  refused(400, "a GET of a host and port", get("", "shop.test:80")),
  refused(405, "CONNECT", "CONNECT shop.test:443 HTTP/1.1\r\nHost: shop.test:443\r\n\r\n", { stricter: tunnels }),
  refused(405, "CONNECT, and a request behind it", `CONNECT shop.test:443 HTTP/1.1\r\nHost: shop.test:443\r\n\r\n${inner}`, {
    stricter: tunnels,
  }),
  refused(405, "TRACE", `TRACE /@/g HTTP/1.1\r\n${host}Cookie: s=1\r\n\r\n`, { stricter: tunnels }),
  refused(400, "a target without a slash", get("", "g")),
  refused(400, "no target", `GET  HTTP/1.1\r\n${host}\r\n`),
  asItIs("/@//admin"),
  asItIs("/@/api/../admin"),
  asItIs("/@/api/%2e%2e/admin"),
  asItIs("/@/api/..%2fadmin"),
  asItIs("/@/api%2Fadmin"),
  asItIs("/@/%61dmin"),
  asItIs("/@/api/./x"),
  asItIs("/@/api/;x/../admin"),
  asItIs("/@/api\\..\\admin"),
  asItIs("/@/ADMIN"),
  carried("a NUL in percents", get("", "/@/a%00b"), "GET /@/a%00b", {
    freer: "RFC 3986: it is a byte like any other in percents; what it means is for the application to say",
  }),
  refused(400, "a fragment", get("", "/@/g?x#frag"), { stricter: "RFC 9112, 3.2: a target has no fragment" }),
  refused(400, "a target beyond ASCII", get("", "/@/caf\xc3\xa9"), { stricter: "RFC 3986: it has to be in percents" }),
  refused(400, "no Host", "GET /@/g HTTP/1.1\r\n\r\n", { stricter: hostForm }),
  refused(400, "a Host twice", withHost(host + host), { stricter: hostForm }),
  refused(400, "two Hosts", withHost(`${host}Host: evil.test\r\n`)),
  refused(400, "a Host with a space", withHost("Host: shop test\r\n"), { stricter: hostForm }),
  refused(400, "a Host with a path", withHost("Host: shop.test/x\r\n"), { stricter: hostForm }),
  refused(400, "a Host with a user", withHost("Host: a@shop.test\r\n"), { stricter: hostForm }),
  refused(400, "a Host with a port beyond all ports", withHost("Host: shop.test:99999\r\n"), { stricter: hostForm }),
  carried("a Host with a comma, which a name may have", withHost("Host: shop.test,evil\r\n"), "GET /@/g", {
    sees: /^Host: shop\.test,evil$/m,
  }),
  carried("an empty Host", withHost("Host:\r\n"), "GET /@/g", {
    freer: "RFC 9110, 7.2: a client whose target has no authority sends an empty Host",
  }),
  carried("a Host of IPv6", withHost("Host: [::1]:80\r\n"), "GET /@/g", { sees: /^Host: \[::1\]:80$/m }),
  carried("a Host that Connection names", get("Connection: host"), "GET /@/g", { sees: /^Host: shop\.test$/m }),
]

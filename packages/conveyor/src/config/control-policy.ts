// `control:` of conveyor.yml. Called by config.ts.
import { z } from "zod"

const loopback = /^(127(?:\.\d{1,3}){3}|localhost|\[::1\])$/
const anAddress =
  "an address of this machine with a port, such as 127.0.0.1:7300, or with several, the lower first, such as 127.0.0.1:7300-7399"
const beyond = `${anAddress}; others could reach this one, and the control plane speaks without TLS: put what ends your TLS in front`

/** host:port, or host:from-to. The token is in every request, and nothing hides it on a network. */
const listen = z.string(anAddress).transform((text, context) => {
  const [, host = "", first, last = first] = /^(\S+):(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const [from, to] = [Number(first), Number(last)]
  const isRange = from <= to && to <= 65_535
  if (isRange && loopback.test(host)) return { host: host === "[::1]" ? "::1" : host, ports: { from, to } }
  context.addIssue({ code: "custom", message: isRange ? beyond : anAddress })
  return z.NEVER
})

export const control = z.strictObject({ listen: listen.default({ host: "127.0.0.1", ports: { from: 7_300, to: 7_399 } }) })

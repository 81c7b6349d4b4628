// `edge.tls` of conveyor.yml: certificates, and what follows for those who come without. Called by edge-policy.ts; wiring/policies.ts
// leads from these keys to the edge's settings.
import { z } from "zod"
import { inPlaceOf } from "../kernel/yaml/wording.ts"
import { durationBetween, file, listener, oneOf } from "./words.ts"

const certificate = z.strictObject(
  { certificate: file, key: file },
  inPlaceOf("two files, as in { certificate: /etc/ssl/shop.pem, key: /etc/ssl/shop.key }"),
)

export const edgeTls = z.strictObject({
  listen: listener.default("0.0.0.0:443"),
  certificates: z.array(certificate, "a list of certificates, each with its key").min(1, "at least one certificate with its key"),
  minimum: oneOf("1.2", "1.3").default("1.2"),
  http2: z.boolean().default(true),
  redirect: oneOf("to-https", "off").default("to-https"),
  hsts: z.union([z.literal("off"), durationBetween("1s", "730d")], "off, or for how long, such as 180d").default("off"),
})

// What TLS at the edge is to be. Part of the edge's settings; read by what ends it.
import { z } from "zod"

export const certificateFiles = z.strictObject({
  /** PEM, the host's own first, then those that vouch for it. */
  certificate: z.string(),
  key: z.string(),
})
export type CertificateFiles = z.infer<typeof certificateFiles>

export const tlsOn = z.strictObject({
  /** The first one is shown to those who do not say which host they want, or want one that none covers. */
  certificates: z.array(certificateFiles).default([]),
  minimumVersion: z.enum(["TLSv1.2", "TLSv1.3"]).default("TLSv1.2"),
  /** Whether those who can speak HTTP/2 do. */
  http2: z.enum(["on", "off"]).default("on"),
  /** Whether clients that come plainly to a host for which there is a certificate are sent to https. */
  redirect: z.enum(["to-https", "off"]).default("to-https"),
  /** For how long browsers come by https alone once they have; 0 says nothing of it. */
  hstsSeconds: z.int().min(0).default(0),
  /** How often the files are looked at. */
  lookEveryMs: z.int().positive().default(2_000),
})
export type TlsSettings = z.infer<typeof tlsOn>

export const tlsSettings = z.union([z.literal("off"), tlsOn]).default("off")

// One certificate with its key, as it is in its files: read whole, and held against itself. Called by the certificates.
import { createPrivateKey, X509Certificate } from "node:crypto"
import { createSecureContext } from "node:tls"
import type { SecureContext } from "node:tls"
import { ConveyorError, describe } from "../../../kernel/errors/errors.ts"

export interface Pem {
  certificate: string
  key: string
}

export interface Certificate {
  pem: Pem
  /** Names that it is for, in small letters; "*.example.org" is one label before the rest. */
  hosts: readonly string[]
  /** In ms since the Unix epoch. */
  notAfter: number
  context: SecureContext
}

/** `where` names the files to whoever has to mend them. @throws ConveyorError "bad-certificate" */
export function readCertificate(pem: Pem, where: { certificate: string; key: string }): Certificate {
  const own = read(where.certificate, "a certificate in PEM", () => new X509Certificate(pem.certificate))
  const key = read(where.key, "a private key in PEM, without a password", () => createPrivateKey(pem.key))
  if (!own.checkPrivateKey(key)) throw bad(where.key, `it is not the key of ${where.certificate}`)
  const context = read(where.certificate, "a certificate with its chain", () =>
    createSecureContext({ cert: pem.certificate, key: pem.key }),
  )
  const hosts = hostsIn(own.subjectAltName)
  if (hosts.length === 0) throw bad(where.certificate, "it names no host (no DNS name among its alternative names)")
  return { pem, hosts, notAfter: own.validToDate.getTime(), context }
}

/** Certificates for an address alone are of no use here: who asks for one says no name. */
function hostsIn(alternativeNames: string | undefined): string[] {
  return (alternativeNames ?? "")
    .split(", ")
    .filter((name) => name.startsWith("DNS:"))
    .map((name) => name.slice(4).toLowerCase())
}

function read<T>(file: string, what: string, how: () => T): T {
  try {
    return how()
  } catch (cause) {
    throw bad(file, `it is not ${what} (${describe(cause)})`, cause)
  }
}

export function bad(file: string, why: string, cause?: unknown): ConveyorError {
  return new ConveyorError("bad-certificate", `${file} cannot be used: ${why}`, {
    facts: { file },
    hint: "Put the right files there: they are looked at every few seconds. Until then the certificate of before is used, where there is one.",
    ...(cause === undefined ? {} : { cause }),
  })
}

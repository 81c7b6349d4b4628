// Certificates for tests, made by openssl on the spot: each vouches for itself.
import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import type { CertificateFiles } from "./tls-settings.ts"

const run = promisify(execFile)

/** Two files in the directory, under the name; what was there is replaced. */
export async function makeCertificate(directory: string, name: string, hosts: readonly string[], days = 30): Promise<CertificateFiles> {
  const files = { certificate: join(directory, `${name}.pem`), key: join(directory, `${name}.key`) }
  const names = hosts.map((host) => `DNS:${host}`).join(",")
  const argv = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", String(days)]
  const what = ["-subj", `/CN=${name}`, ...(names === "" ? [] : ["-addext", `subjectAltName=${names}`])]
  await run("openssl", [...argv, ...what, "-keyout", files.key, "-out", files.certificate])
  return files
}

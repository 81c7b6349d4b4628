// Certificates that were good, with their keys, in the edge's own directory: a worker that starts while the files are no good
// serves by them. Written and read by the certificates; nobody else may read the folder.
import { createHash } from "node:crypto"
import { mkdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { writeDurably } from "../../../kernel/disk/durable-file.ts"
import type { Pem } from "./certificate.ts"
import type { CertificateFiles } from "./tls-settings.ts"

export class KeptCertificates {
  #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  async keep(files: CertificateFiles, pem: Pem): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await writeDurably(this.#fileFor(files), JSON.stringify(pem), 0o600)
  }

  async find(files: CertificateFiles): Promise<Pem | undefined> {
    try {
      return JSON.parse(await readFile(this.#fileFor(files), "utf8")) as Pem
    } catch {
      return undefined
    }
  }

  #fileFor({ certificate, key }: CertificateFiles): string {
    const name = createHash("sha256").update(`${certificate}\n${key}`).digest("hex").slice(0, 32)
    return join(this.#directory, `${name}.json`)
  }
}

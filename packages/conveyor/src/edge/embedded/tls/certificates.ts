// The certificates of the edge: read from their files, looked at again every few seconds, kept as they were where a new one is
// no good, and found by the name that a client asks for. Opened by the edge process; asked at each handshake.
import { readFile, stat } from "node:fs/promises"
import type { SecureContext } from "node:tls"
import type { Clock } from "../../../kernel/time/clock.ts"
import { describe } from "../../../kernel/errors/errors.ts"
import type { Logger } from "../../../kernel/logger.ts"
import type { Certificate as InUse } from "../../edge.ts"
import { ByHost } from "../../hosts.ts"
import { bad, readCertificate } from "./certificate.ts"
import type { Certificate } from "./certificate.ts"
import type { KeptCertificates } from "./kept-certificates.ts"
import type { CertificateFiles, TlsSettings } from "./tls-settings.ts"

export interface CertificatesOptions {
  settings: TlsSettings
  kept: KeptCertificates
  clock: Clock
  log: Logger
}

interface Loaded {
  files: CertificateFiles
  certificate: Certificate
  /** What the files looked like when they were read last. */
  seen: string
  problem: string | undefined
}

export class Certificates {
  #options: CertificatesOptions
  #loaded: Loaded[] = []
  #byHost = new ByHost<Certificate>()
  #changed: (() => void)[] = []
  #looking = new AbortController()

  private constructor(options: CertificatesOptions) {
    this.#options = options
  }

  /** @throws ConveyorError "bad-certificate" where a file is no good, and none of before was kept. */
  static async open(options: CertificatesOptions): Promise<Certificates> {
    const certificates = new Certificates(options)
    for (const files of options.settings.certificates) certificates.#loaded.push(await certificates.#first(files))
    certificates.#arrange()
    void certificates.#look()
    return certificates
  }

  /** Those who name no host get it, and those who name one that none is for. */
  get first(): Certificate | undefined {
    return this.#loaded[0]?.certificate
  }

  contextFor(host: string): SecureContext | undefined {
    return (this.#byHost.find(host) ?? this.first)?.context
  }

  covers(host: string): boolean {
    return this.#byHost.find(host) !== undefined
  }

  report(): InUse[] {
    return this.#loaded.map(({ certificate, files, problem }) => ({
      hosts: certificate.hosts,
      notAfter: certificate.notAfter,
      source: files.certificate,
      ...(problem === undefined ? {} : { problem }),
    }))
  }

  /** Called whenever another certificate is in use. */
  onChange(listener: () => void): void {
    this.#changed.push(listener)
  }

  /** Reads what has changed. Connections that are there go on. */
  async reload(): Promise<void> {
    const before = this.#loaded
    this.#loaded = await Promise.all(before.map((each) => this.#again(each)))
    if (this.#loaded.every(({ certificate }, i) => certificate === before[i]?.certificate)) return
    this.#arrange()
    for (const listener of this.#changed) listener()
  }

  close(): void {
    this.#looking.abort()
  }

  async #look(): Promise<void> {
    const { clock, settings } = this.#options
    const { signal } = this.#looking
    while (!signal.aborted) {
      await clock.sleep(settings.lookEveryMs, signal).catch(() => "closing")
      if (!signal.aborted) await this.reload()
    }
  }

  #arrange(): void {
    this.#byHost = new ByHost()
    for (const { certificate } of this.#loaded) for (const host of certificate.hosts) this.#byHost.add(host, certificate)
  }

  async #first(files: CertificateFiles): Promise<Loaded> {
    const { kept, log } = this.#options
    const seen = await looksOf(files)
    try {
      const certificate = await load(files)
      await kept
        .keep(files, certificate.pem)
        .catch((thrown: unknown) => log.warn({ cause: describe(thrown) }, "a certificate was not kept"))
      return { files, certificate, seen, problem: undefined }
    } catch (thrown) {
      const pem = await kept.find(files)
      if (pem === undefined) throw thrown
      log.error({ cause: describe(thrown), file: files.certificate }, "a certificate is no good: the one of before is used")
      return { files, certificate: readCertificate(pem, files), seen, problem: describe(thrown) }
    }
  }

  async #again(before: Loaded): Promise<Loaded> {
    const { kept, log } = this.#options
    const { files } = before
    const seen = await looksOf(files)
    if (seen === before.seen) return before
    try {
      const certificate = await load(files)
      log.info({ file: files.certificate, hosts: certificate.hosts, until: new Date(certificate.notAfter) }, "a new certificate is in use")
      await kept
        .keep(files, certificate.pem)
        .catch((thrown: unknown) => log.warn({ cause: describe(thrown) }, "a certificate was not kept"))
      return { files, certificate, seen, problem: undefined }
    } catch (thrown) {
      log.error({ cause: describe(thrown), file: files.certificate }, "a new certificate is no good: the one of before is used")
      return { ...before, seen, problem: describe(thrown) }
    }
  }
}

async function load(files: CertificateFiles): Promise<Certificate> {
  const [certificate, key] = [await text(files.certificate), await text(files.key)]
  return readCertificate({ certificate, key }, files)
}

async function text(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8")
  } catch (cause) {
    throw bad(file, describe(cause), cause)
  }
}

/** Through links: tools that renew certificates turn a link to new files. */
async function looksOf(files: CertificateFiles): Promise<string> {
  const looks = [files.certificate, files.key].map(async (file) => {
    const found = await stat(file).catch(() => undefined)
    return found === undefined ? "none" : `${found.dev}:${found.ino}:${found.size}:${found.mtimeMs}`
  })
  return (await Promise.all(looks)).join(" ")
}

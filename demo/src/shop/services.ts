// Florist's services as processes of their own, with the bank beside them and the gateway in front: the platform on one machine, without Conveyor.
// Started by `npm run florist`, by the benchmark and by the tests that go over all services.
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { freePort } from "@conveyor/testbed/free-port"
import { merchantOf } from "../../../florist/payments/src/merchant.ts"

export const serviceNames = ["staff", "catalog", "stock", "orders", "payments", "loyalty", "reports", "gateway"] as const
export type ServiceName = (typeof serviceNames)[number]

export interface ServicesOptions {
  directoryUrl: string
  /** Signs sessions. */
  secret: string
  /** Those that the simulated bank knows; it takes the first thousand of them. */
  shops: readonly number[]
  /** Where people come to; a free port where it is left out. */
  port?: number
  /** How long a person takes to pay a QR code at the simulated bank; never by itself where it is left out. */
  bankPaysAfterMs?: number
  logLevel?: string
  /** Where the services' code is; Florist as it stands where it is left out. */
  folder?: string
  /** Only these, for a bench of one. */
  only?: readonly ServiceName[]
}

export interface Services extends AsyncDisposable {
  /** The gateway, and through it everything. */
  url: string
  bankUrl: string
  addresses: Readonly<Record<string, string>>
  pids: ReadonlyMap<string, number>
  /** kill -9, as a crash would. */
  kill(name: ServiceName): Promise<void>
  /** Again, at the same address. */
  restart(name: ServiceName): Promise<void>
  stop(): Promise<void>
}

const compileCache = fileURLToPath(new URL("../../../node_modules/.cache/compile", import.meta.url))
const florist = fileURLToPath(new URL("../../../florist", import.meta.url))
const startsWithinMs = 60_000
const endsWithinMs = 10_000
/** An environment variable holds no more. */
const mostMerchants = 1_000

/** Whoever runs the shop says what stands before the gateway. */
const trustedProxies = () => {
  const said = process.env.FLORIST_TRUSTED_PROXIES
  return said === undefined ? {} : { FLORIST_TRUSTED_PROXIES: said }
}

export async function startServices(options: ServicesOptions): Promise<Services> {
  const { directoryUrl, secret, shops, logLevel = "warn", bankPaysAfterMs, folder = florist, only = serviceNames } = options
  const ports = new Map<string, number>()
  for (const name of ["bank", ...only]) ports.set(name, name === "gateway" && options.port !== undefined ? options.port : await freePort())
  const addressOf = (name: string) => `http://127.0.0.1:${ports.get(name)}`
  const addresses = Object.fromEntries([...ports.keys()].map((name) => [name, addressOf(name)]))
  const children = new Map<string, ChildProcess>()

  const environmentOf = (name: string): NodeJS.ProcessEnv => ({
    PATH: process.env.PATH,
    // Halves what a start costs from the second one on.
    NODE_COMPILE_CACHE: compileCache,
    PORT: String(ports.get(name)),
    FLORIST_LOG: logLevel,
    ...(name === "bank"
      ? {
          BANK_MERCHANTS: shops
            .slice(0, mostMerchants)
            .map((shop) => merchantText(secret, shop))
            .join(","),
          BANK_CALLBACK_URL: `${addressOf("gateway")}/api/v1/payments/bank-callbacks`,
          ...(bankPaysAfterMs === undefined ? {} : { BANK_AUTOPAY_MS: String(bankPaysAfterMs) }),
        }
      : {
          FLORIST_DIRECTORY_URL: directoryUrl,
          FLORIST_SECRET: secret,
          FLORIST_PEERS: addressOf("gateway"),
          FLORIST_BANK: addressOf("bank"),
        }),
    ...(name === "gateway" ? { FLORIST_SERVICES: JSON.stringify(addresses), FLORIST_WEBHOOKS_TO: "anywhere", ...trustedProxies() } : {}),
  })
  const start = async (name: string) => {
    const child = spawn(process.execPath, [`${folder}/${name}/src/main.ts`], {
      env: environmentOf(name),
      stdio: ["ignore", "pipe", "inherit"],
    })
    children.set(name, child)
    if (logLevel !== "silent") createInterface({ input: child.stdout }).on("line", (line) => process.stderr.write(`${name}: ${line}\n`))
    else child.stdout.resume()
    await untilAnswers(name, child, addressOf(name))
  }
  const stop = async () => {
    await Promise.all([...children.values()].map(end))
  }

  try {
    await Promise.all(["bank", ...only].map(start))
  } catch (cause) {
    await stop()
    throw cause
  }
  return {
    url: addressOf("gateway"),
    bankUrl: addressOf("bank"),
    addresses,
    get pids() {
      return new Map([...children].flatMap(([name, { pid }]) => (pid === undefined ? [] : [[name, pid] as const])))
    },
    async kill(name) {
      const child = children.get(name)
      if (child === undefined || child.exitCode !== null) return
      child.kill("SIGKILL")
      await once(child, "exit")
    },
    restart: start,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function merchantText(secret: string, shop: number): string {
  const { id, secretKey } = merchantOf(secret, shop)
  return `${id}:${secretKey}`
}

/** Any answer at all: a copy listens before its databases answer. */
async function untilAnswers(name: string, child: ChildProcess, address: string): Promise<void> {
  const giveUpAt = Date.now() + startsWithinMs
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${name} ended with code ${child.exitCode} before it answered`)
    try {
      await fetch(address, { signal: AbortSignal.timeout(2_000) })
      return
    } catch (cause) {
      if (Date.now() > giveUpAt) throw new Error(`${name} does not answer at ${address} after ${startsWithinMs / 1_000} s`, { cause })
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, "exit")
  child.kill("SIGTERM")
  const late = setTimeout(() => child.kill("SIGKILL"), endsWithinMs)
  await ended
  clearTimeout(late)
}

// The simulated bank beside the demo's platform, as a process of its own: its customers pay each QR code after a few seconds. Started by the stage.
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { freePort } from "@conveyor/testbed/free-port"
import { merchantOf } from "../../florist/payments/src/merchant.ts"

export interface BankStart {
  /** FLORIST_SECRET: merchants' secrets follow from it. */
  secret: string
  shops: number
  /** Where the bank tells of payments: the edge. */
  callbackUrl: string
}

const main = fileURLToPath(new URL("../../florist/bank/src/main.ts", import.meta.url))
const payAfterMs = 4_000
/** As many as the environment of a process holds. */
const mostMerchants = 1_000
const startsWithinMs = 20_000

export class Bank {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#child = child
  }

  static async start({ secret, shops, callbackUrl }: BankStart): Promise<Bank> {
    const port = await freePort()
    const merchants = Array.from({ length: Math.min(shops, mostMerchants) }, (_, n) => merchantOf(secret, n + 1))
    const child = spawn(process.execPath, [main], {
      stdio: ["ignore", "ignore", "inherit"],
      // In a group of its own: Ctrl-C at the terminal is for the demo, which ends the bank in its turn.
      detached: true,
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        FLORIST_LOG: "silent",
        BANK_MERCHANTS: merchants.map(({ id, secretKey }) => `${id}:${secretKey}`).join(","),
        BANK_CALLBACK_URL: callbackUrl,
        BANK_AUTOPAY_MS: String(payAfterMs),
      },
    })
    const bank = new Bank(`http://127.0.0.1:${port}`, child)
    try {
      await bank.#untilAnswers()
      return bank
    } catch (thrown) {
      await bank.stop()
      throw thrown
    }
  }

  async #untilAnswers(): Promise<void> {
    const giveUpAt = Date.now() + startsWithinMs
    for (;;) {
      if (this.#child.exitCode !== null) throw new Error(`the bank ended with code ${this.#child.exitCode} before it answered`)
      try {
        await fetch(`${this.url}/simulator/qrs`, { signal: AbortSignal.timeout(2_000) })
        return
      } catch (cause) {
        if (Date.now() > giveUpAt) throw new Error(`the bank does not answer after ${startsWithinMs / 1_000} s`, { cause })
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, "exit")
    this.#child.kill("SIGTERM")
    await gone
  }
}

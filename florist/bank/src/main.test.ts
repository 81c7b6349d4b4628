import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { test } from "node:test"
import { fileURLToPath } from "node:url"
import { never } from "./bank-in-test.ts"
import { readBankConfig } from "./config.ts"
import { SbpClient } from "./sbp-client.ts"

const main = fileURLToPath(new URL("main.ts", import.meta.url))

test("the bank runs as a process of its own, prints its address, and ends when asked to, a hanging request or not", async () => {
  const environment = { ...process.env, PORT: "0", BANK_MERCHANTS: "MA1:key" }
  using bank = spawn(process.execPath, [main], { env: environment, stdio: ["ignore", "pipe", "inherit"] })
  const url = await addressOf(bank.stdout)
  const client = new SbpClient({ baseUrl: url, merchantId: "MA1", secretKey: "key", timeoutMs: 3_600_000 })
  assert.equal((await client.registerQr({ order: "1", type: "QRDynamic", amount: 1n, expiresAt: undefined }, never)).status, "NEW")
  await fetch(`${url}/simulator/faults`, { method: "POST", body: '{"kind":"hang"}', headers: { "content-type": "application/json" } })
  const hanging = assert.rejects(client.qr("AD1", never), { name: "BankUnavailable", reason: "network" })
  while (((await (await fetch(`${url}/simulator/faults`)).json()) as { met: number }).met === 0);
  bank.kill("SIGTERM")
  const [code] = (await once(bank, "exit")) as [number | null]
  assert.equal(code, 0)
  await hanging
})

test("a wrong environment is named, variable by variable", () => {
  assert.throws(() => readBankConfig({ PORT: "x", BANK_MERCHANTS: "MA1" }), /PORT[^]*BANK_MERCHANTS|BANK_MERCHANTS[^]*PORT/)
  assert.throws(() => readBankConfig({}), /BANK_MERCHANTS/)
  const { merchants, port, autopayMs } = readBankConfig({
    BANK_MERCHANTS: "MA1:a, MA2:b",
    BANK_CALLBACK_URL: "http://127.0.0.1:9/x",
    BANK_AUTOPAY_MS: "50",
  })
  assert.deepEqual(merchants, [
    { id: "MA1", secretKey: "a", callbackUrl: "http://127.0.0.1:9/x" },
    { id: "MA2", secretKey: "b", callbackUrl: "http://127.0.0.1:9/x" },
  ])
  assert.deepEqual({ port, autopayMs }, { port: 0, autopayMs: 50 })
})

async function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const { address } = JSON.parse(line) as { address?: string }
    if (address !== undefined) return address
  }
  throw new Error("the bank ended without saying its address")
}

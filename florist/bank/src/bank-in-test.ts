// A bank and a shop for tests: both listen on free ports of this machine, time stands still. Called by the tests that need HTTP.
import assert from "node:assert/strict"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { createBank } from "./app.ts"
import { readCallback, verifyCallback } from "./callback.ts"
import type { Callback } from "./callback.ts"
import { SbpClient } from "./sbp-client.ts"
import { signatureHeader } from "./sbp.ts"

export const merchantId = "MA0000000001"
export const secretKey = "the-shop-secret"
export const start = "2026-03-08T09:00:00.000Z"
export const never = new AbortController().signal

export interface Received extends Callback {
  isGenuine: boolean
}

/** The shop's end of the callbacks. */
export interface Shop extends AsyncDisposable {
  url: string
  received: Received[]
  /** Says with what status the shop answers the n-th callback, from 1. */
  answerWith: (n: number) => number
}

export interface BankInTest extends AsyncDisposable {
  url: string
  client: SbpClient
  /** @param path under /simulator. @returns the answer's JSON; fails the test for anything but 200. */
  simulator: (path: string, body?: object) => Promise<unknown>
  /** The status of such a request that is expected to fail. */
  simulatorStatus: (path: string, body: object) => Promise<number>
  flush: () => Promise<void>
  advance: (ms: number) => Promise<void>
}

export interface BankInTestOptions {
  callbackUrl?: string
  autopayMs?: number
  clock?: "stands" | "runs"
}

export async function startBank({ callbackUrl, autopayMs, clock = "stands" }: BankInTestOptions = {}): Promise<BankInTest> {
  const merchants = [
    { id: merchantId, secretKey, callbackUrl },
    { id: "MA0000000002", secretKey: "another secret", callbackUrl: undefined },
  ]
  const app = await createBank({ merchants, refundTakesMs: 1000, autopayMs, logLevel: "silent" })
  const url = await app.listen({ host: "127.0.0.1", port: 0 })
  const ask = (path: string, body?: object) =>
    fetch(
      `${url}/simulator/${path}`,
      body === undefined ? {} : { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } },
    )
  const simulator = async (path: string, body?: object): Promise<unknown> => {
    const answer = await ask(path, body)
    const json: unknown = await answer.json()
    assert.equal(answer.status, 200, JSON.stringify(json))
    return json
  }
  if (clock === "stands") await simulator("clock", { at: start })
  return {
    url,
    client: new SbpClient({ baseUrl: url, merchantId, secretKey }),
    simulator,
    simulatorStatus: async (path, body) => {
      const answer = await ask(path, body)
      await answer.body?.cancel()
      return answer.status
    },
    flush: async () => void (await simulator("flush", {})),
    advance: async (advanceMs) => void (await simulator("clock", { advanceMs })),
    [Symbol.asyncDispose]: () => app.close(),
  }
}

export async function openShop(onReceived: (callback: Received) => void = () => undefined): Promise<Shop> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const rawBody = (await request.toArray()).join("")
    const signature = request.headers[signatureHeader]
    const isGenuine = verifyCallback(secretKey, rawBody, typeof signature === "string" ? signature : undefined)
    const callback = { ...readCallback(rawBody), isGenuine }
    received.push(callback)
    response.writeHead(shop.answerWith(received.length), { location: shop.url }).end()
    onReceived(callback)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const shop: Shop = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`,
    received,
    answerWith: () => 200,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return shop
}

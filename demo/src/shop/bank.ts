// The customers of the simulated bank, who pay codes in the season's own time. Called by the season and by the end-to-end test.
import type { BankCustomers } from "./trade.ts"

export interface SimulatedBank extends BankCustomers {
  /** Lets its clock run again. */
  release(): Promise<void>
}

export function simulatedBank(url: string, signal: AbortSignal): SimulatedBank {
  let turn: Promise<unknown> = Promise.resolve()
  const ask = async (path: string, body: object): Promise<void> => {
    const response = await fetch(`${url}/simulator/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal,
    })
    if (!response.ok) throw new Error(`The bank's simulator answered ${response.status} to ${path}: ${await response.text()}`)
  }
  /** It has one clock, so its customers come one after another. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = turn.then(work)
    turn = done.catch(() => {})
    return done
  }
  return {
    pay: (payload, at) =>
      inTurn(async () => {
        await ask("clock", { at: at.toISOString() })
        await ask(`qrs/${codeIn(payload)}/pay`, { outcome: "success" })
        await ask("flush", {})
      }),
    release: () => inTurn(() => ask("clock", { run: "real" })),
  }
}

/** https://qr.nspk.ru/<code>?type=02&... */
const codeIn = (payload: string): string => new URL(payload).pathname.slice(1)

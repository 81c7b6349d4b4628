// The application beside a backfill: open-loop transactions at a fixed rate, each timed from when it was due, so that
// a server that stalls cannot hide it. Called by the scenarios of this folder.
import pg from "pg"

export interface Foreground {
  /** Latencies in ms of what was due since the last call. */
  take(): number[]
  p99(sinceMs: number): number
  stop(): Promise<void>
}

export interface ForegroundOptions {
  url: string
  perSecond: number
  rows: number
  connections?: number
}

export async function startForeground({ url, perSecond, rows, connections = 16 }: ForegroundOptions): Promise<Foreground> {
  const pool = new pg.Pool({ connectionString: url, max: connections })
  pool.on("error", () => {})
  let samples: number[] = []
  const recent: { at: number; ms: number }[] = []
  const running = new Set<Promise<void>>()
  const beganAt = performance.now()
  let sent = 0
  let nextId = rows

  const one = async (dueAt: number) => {
    const id = 1 + Math.floor(Math.random() * rows)
    const kind = Math.random()
    if (kind < 0.5) await pool.query("SELECT id, amount, method FROM payments.payment WHERE id = $1", [id])
    else if (kind < 0.8) await pool.query("UPDATE payments.payment SET method = $2 WHERE id = $1", [id, kind < 0.65 ? "cash" : "qr"])
    else await pool.query(insertSql, [++nextId, id % 8500, id])
    const ms = performance.now() - dueAt
    samples.push(ms)
    recent.push({ at: performance.now(), ms })
    if (recent.length > 5_000) recent.splice(0, 1_000)
  }

  const timer = setInterval(() => {
    for (const dueBy = performance.now() - beganAt; sent < (dueBy / 1_000) * perSecond; sent++) {
      const work = one(beganAt + (sent / perSecond) * 1_000).finally(() => running.delete(work))
      running.add(work)
    }
  }, 2)

  return {
    take() {
      const taken = samples
      samples = []
      return taken
    },
    p99: (sinceMs) =>
      percentile(
        recent.filter(({ at }) => at > performance.now() - sinceMs).map(({ ms }) => ms),
        0.99,
      ),
    async stop() {
      clearInterval(timer)
      await Promise.all(running)
      await pool.end()
    },
  }
}

export function percentile(samples: readonly number[], part: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}

const insertSql = `INSERT INTO payments.payment (id, shop_id, order_id, amount, method, cashier, status, created_at)
  VALUES ($1, $2, gen_random_uuid(), $3, 'card', 'cashier-1', 'paid', now())`

// What is to be done beside requests: rebuilds and report documents. A task is claimed for a while, renewed while it is worked on, and gone when it is done; whoever
// is killed in the middle leaves it to the next one. Called by operations, which ask, and by the background work.
import { setTimeout as sleep } from "node:timers/promises"
import type { Surroundings } from "@florist/kit/app"
import type { PooledDatabase, Reader } from "@florist/kit/database"
import type { OpenShop } from "@florist/kit/fleet"
import { runReport } from "./document/run.ts"
import { rebuild } from "./rebuilding.ts"

export type TaskKind = "rebuild" | "report"

/** Asking again for what is not begun yet changes nothing; what is under way is done once more. */
export async function ask(reader: Reader, shop: number, kind: TaskKind, subject: string): Promise<void> {
  await reader.query(
    `INSERT INTO reports.task (shop_id, kind, subject, due_at) VALUES ($1, $2, $3, now())
     ON CONFLICT (shop_id, kind, subject) DO UPDATE SET due_at = now(), tries = 0`,
    [shop, kind, subject],
  )
}

interface Task {
  shop: number
  kind: TaskKind
  subject: string
  /** Its claim: another claim or wish changes it. */
  due: string
}

interface AtWork {
  clock: () => Date
  signal: AbortSignal
  renew: () => Promise<void>
}

const work: Readonly<Record<TaskKind, (shop: OpenShop, subject: string, atWork: AtWork) => Promise<unknown>>> = {
  rebuild: (shop, _subject, { signal, renew }) => rebuild(shop, { signal, onStep: renew }),
  report: (shop, subject, { clock }) => runReport(shop, Number(subject), clock),
}

const idleMs = 250

/** Until the signal ends it. */
export async function doTasks({ fleet, clock }: Surroundings, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let done = 0
    try {
      for (const shard of await fleet.shards()) {
        for (let task = await claim(shard); task !== undefined && !signal.aborted; task = await claim(shard)) {
          await doTask(shard, await fleet.shop(task.shop), task, { clock, signal })
          done++
        }
      }
    } catch {
      // A shard that is down is asked again; what was claimed there is due again after its claim.
    }
    if (done === 0) await sleep(idleMs, undefined, { signal }).catch(() => {})
  }
}

async function doTask(shard: PooledDatabase, shop: OpenShop, task: Task, { clock, signal }: Omit<AtWork, "renew">): Promise<void> {
  let { due } = task
  const renew = async () => {
    due = (await moveClaim(shard, { ...task, due })) ?? due
  }
  try {
    await work[task.kind](shop, task.subject, { clock, signal, renew })
  } catch (cause) {
    // It is tried again when its claim has run out.
    await shard.query("UPDATE reports.task SET reason = $4 WHERE shop_id = $1 AND kind = $2 AND subject = $3", [
      task.shop,
      task.kind,
      task.subject,
      cause instanceof Error ? cause.message : String(cause),
    ])
    return
  }
  await shard.query("DELETE FROM reports.task WHERE shop_id = $1 AND kind = $2 AND subject = $3 AND due_at = $4::timestamptz", [
    task.shop,
    task.kind,
    task.subject,
    due,
  ])
}

async function claim(shard: PooledDatabase): Promise<Task | undefined> {
  const [row] = await shard.query(
    `UPDATE reports.task SET due_at = clock_timestamp() + least(interval '1 hour', interval '30 seconds' * power(2, least(tries, 10))), tries = tries + 1
     WHERE (shop_id, kind, subject) = (
       SELECT shop_id, kind, subject FROM reports.task WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING shop_id, kind, subject, due_at::text AS due`,
  )
  if (row === undefined) return undefined
  return {
    shop: Number(row.shop_id),
    kind: row.kind === "rebuild" ? "rebuild" : "report",
    subject: String(row.subject),
    due: String(row.due),
  }
}

async function moveClaim(shard: PooledDatabase, { shop, kind, subject, due }: Task): Promise<string | undefined> {
  const [row] = await shard.query(
    `UPDATE reports.task SET due_at = clock_timestamp() + interval '30 seconds'
     WHERE shop_id = $1 AND kind = $2 AND subject = $3 AND due_at = $4::timestamptz RETURNING due_at::text AS due`,
    [shop, kind, subject, due],
  )
  return row === undefined ? undefined : String(row.due)
}

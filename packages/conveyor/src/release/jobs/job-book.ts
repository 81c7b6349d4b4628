// jobs.db: how far schedules were looked at, and what became of each time that a job was due. Kept by the jobs alone.
import type { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import { optionalNumber, optionalText } from "../../kernel/database/columns.ts"
import type { Row } from "../../kernel/database/columns.ts"
import { inTransaction, openDatabase } from "../../kernel/database/database.ts"

const migrations = fileURLToPath(new URL("migrations", import.meta.url))
/** Of each job. */
const runsKept = 1_000

/**
 * "queued": it waits for the run before it. "interrupted": the control plane ended while it ran; how far it came is not known.
 * "skipped": it was not begun, and will not be.
 */
export type JobRunState = "queued" | "running" | "done" | "failed" | "interrupted" | "skipped"

export interface JobRun {
  id: number
  job: string
  dueAt: number
  state: JobRunState
  version: string | undefined
  startedAt: number | undefined
  endedAt: number | undefined
  exitCode: number | undefined
  reason: string | undefined
}

export interface Claim {
  job: string
  dueAt: number
  state: "queued" | "running" | "skipped"
  fence: number
  version: string | undefined
  at: number
  reason?: string | undefined
}

export class JobBook {
  readonly #database: DatabaseSync

  constructor(file: string) {
    this.#database = openDatabase(file, migrations)
  }

  close(): void {
    this.#database.close()
  }

  lookedUntil(job: string): number | undefined {
    const row = this.#database.prepare("SELECT looked_until FROM job WHERE name = ?").get(job)
    return row === undefined ? undefined : Number(row["looked_until"])
  }

  look(job: string, until: number): void {
    this.#database
      .prepare("INSERT INTO job VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET looked_until = excluded.looked_until")
      .run(job, until)
  }

  /** Jobs that are no more are forgotten, and not what became of them: one of that name that comes back begins anew. */
  keepOnly(jobs: readonly string[]): void {
    this.#database.prepare("DELETE FROM job WHERE name NOT IN (SELECT value FROM json_each(?))").run(JSON.stringify(jobs))
  }

  /** Before the effect, and once; undefined where it was decided already. */
  claim({ job, dueAt, state, fence, version, at, reason }: Claim): JobRun | undefined {
    return inTransaction(this.#database, () => {
      this.look(job, at)
      const startedAt = state === "running" ? at : null
      const endedAt = state === "skipped" ? at : null
      const row = this.#database
        .prepare(
          `INSERT INTO job_run (job, due_at, state, fence, version, started_at, ended_at, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT DO NOTHING RETURNING *`,
        )
        .get(job, dueAt, state, fence, version ?? null, startedAt, endedAt, reason ?? null)
      this.#database
        .prepare(
          `DELETE FROM job_run WHERE job = ? AND state NOT IN ('queued', 'running')
           AND id <= (SELECT id FROM job_run WHERE job = ? ORDER BY id DESC LIMIT 1 OFFSET ${runsKept})`,
        )
        .run(job, job)
      return row === undefined ? undefined : toRun(row)
    })
  }

  /** One that waited; undefined where somebody else has begun it. */
  begin(id: number, { fence, version, at }: Pick<Claim, "fence" | "version" | "at">): JobRun | undefined {
    const row = this.#database
      .prepare("UPDATE job_run SET state = 'running', fence = ?, version = ?, started_at = ? WHERE id = ? AND state = 'queued' RETURNING *")
      .get(fence, version ?? null, at, id)
    return row === undefined ? undefined : toRun(row)
  }

  end(
    id: number,
    {
      state,
      at,
      exitCode,
      reason,
    }: { state: "done" | "failed" | "interrupted" | "skipped"; at: number; exitCode?: number; reason?: string },
  ): void {
    this.#database
      .prepare("UPDATE job_run SET state = ?, ended_at = ?, exit_code = ?, reason = ? WHERE id = ? AND state IN ('queued', 'running')")
      .run(state, at, exitCode ?? null, reason ?? null, id)
  }

  /** Those of control planes before this one: with them their commands have ended. */
  interruptAllBefore(fence: number, at: number): JobRun[] {
    return this.#database
      .prepare("UPDATE job_run SET state = 'interrupted', ended_at = ?, reason = ? WHERE state = 'running' AND fence < ? RETURNING *")
      .all(at, "the control plane ended while it ran: how far it came is not known", fence)
      .map(toRun)
  }

  underWay(job: string): JobRun[] {
    return this.#database.prepare("SELECT * FROM job_run WHERE job = ? AND state IN ('queued', 'running') ORDER BY id").all(job).map(toRun)
  }

  /** The newest first. */
  newest(job: string, count: number): JobRun[] {
    return this.#database.prepare("SELECT * FROM job_run WHERE job = ? ORDER BY id DESC LIMIT ?").all(job, count).map(toRun)
  }
}

const toRun = (row: Row): JobRun => ({
  id: Number(row["id"]),
  job: String(row["job"]),
  dueAt: Number(row["due_at"]),
  state: String(row["state"]) as JobRunState,
  version: optionalText(row["version"]),
  startedAt: optionalNumber(row["started_at"]),
  endedAt: optionalNumber(row["ended_at"]),
  exitCode: optionalNumber(row["exit_code"]),
  reason: optionalText(row["reason"]),
})

// The installation that the bench of releases works on: two services of two copies each, users that ask all the time, and
// no database. Called by report.ts.
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Installation } from "../../packages/conveyor/test/installation.ts"

/** Seconds that the story waits and nobody works: they are taken off what a release costs. */
const policy = "release: { bake: { for: 1s, at_least: 0, at_most: 10s }, notice: 1s, rollback_window: 1h, stop_grace: 5s }"

export class Shop {
  readonly installation: Installation
  readonly edge: string

  private constructor(installation: Installation, edge: string) {
    this.installation = installation
    this.edge = edge
  }

  static async open(): Promise<Shop> {
    const installation = await Installation.start({ urls: {} })
    try {
      const { edge } = await installation.status()
      await installation.write(
        "conveyor.yml",
        `name: shop
services:
  web: { start: node server.mjs, routes: [/], copies: 2 }
  till: { start: node server.mjs, routes: [/till], copies: 2 }
edge: { listen: "${new URL(edge).host}" }
${policy}
`,
      )
      await installation.push("The first version")
      return new Shop(installation, edge)
    } catch (thrown) {
      await installation.end()
      throw thrown
    }
  }

  async controlPid(): Promise<number> {
    const { identity } = JSON.parse(await readFile(join(this.installation.state, "control.json"), "utf8")) as { identity: { pid: number } }
    return identity.pid
  }

  /** A past of so many releases, each with the journal of a whole run; written while no control plane works. */
  async addPast(releases: number): Promise<void> {
    await this.installation.must("down")
    const database = new DatabaseSync(join(this.installation.state, "state.db"))
    try {
      database.exec("BEGIN")
      const first = Number(database.prepare("SELECT coalesce(max(number), 0) + 1 AS n FROM version").get()?.["n"])
      database
        .prepare(
          `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
           INSERT INTO version (number, commit_sha, subject, created_at, changes, stopped_at)
           SELECT ? + i, printf('%040x', ? + i), 'A commit of long ago, number ' || i, 1700000000000 + i, '[]', 1700000100000 + i FROM n`,
        )
        .run(releases, first, first)
      const firstRun = Number(database.prepare("SELECT coalesce(max(id), 0) + 1 AS n FROM release").get()?.["n"])
      database
        .prepare(
          `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
           INSERT INTO release (id, kind, version, requested_at, state, ended_at)
           SELECT ? + i, 'release', ? + i, 1700000000000 + i, 'promoted', 1700000100000 + i FROM n`,
        )
        .run(releases, firstRun, first)
      for (const step of ["build", "test", "expand", "backfill", "start", "verify", "switch", "bake", "retire"]) {
        for (const event of ["started", "succeeded"]) {
          database
            .prepare(
              `INSERT INTO journal (release, step, event, at, fence, facts)
               SELECT id, ?, ?, requested_at, 1, '{"facts":{"generation":1},"prepared":{}}' FROM release WHERE id >= ?`,
            )
            .run(step, event, firstRun)
        }
      }
      database.exec("COMMIT")
    } finally {
      database.close()
    }
    await this.installation.up()
  }

  close(): Promise<void> {
    return this.installation.end()
  }
}

// Versions in state.db. Made by open.ts.
import type { VersionRecord } from "../records.ts"
import { numberOf } from "../version-number.ts"
import type { Versions } from "../versions.ts"
import { toVersion } from "./rows.ts"
import type { Session } from "./session.ts"

export function sqliteVersions(session: Session): Versions {
  const told = "SELECT * FROM version WHERE commit_sha = ? AND coalesce(environment ->> '$.id', '') = ?"
  return {
    ensure: async (commit, subject, environment) =>
      session.write(() => {
        const known = session.first(told, commit, environment?.id ?? "")
        if (known !== undefined) return toVersion(known)
        const written = environment === undefined ? null : JSON.stringify(environment)
        const insert = "INSERT INTO version (commit_sha, environment, subject, created_at) VALUES (?, ?, ?, ?)"
        session.run(insert, commit, written, subject, session.clock.now())
        return toVersion(session.one(told, commit, environment?.id ?? ""))
      }),
    find: async (name) => first("SELECT * FROM version WHERE number = ?", numberOf(name)),
    ofCommit: async (commit) => first("SELECT * FROM version WHERE commit_sha = ? ORDER BY number DESC LIMIT 1", commit),
    all: async () => session.all("SELECT * FROM version ORDER BY number").map(toVersion),
    newest: async (count) => session.all("SELECT * FROM version ORDER BY number DESC LIMIT ?", count).map(toVersion).toReversed(),
    newestBuilt: async () => first("SELECT * FROM version WHERE artifact IS NOT NULL ORDER BY number DESC LIMIT 1"),
    newestWith: async (change) =>
      first(
        "SELECT * FROM version v WHERE EXISTS (SELECT 1 FROM json_each(v.changes) WHERE value = ?) ORDER BY number DESC LIMIT 1",
        change,
      ),
    oneOfEachChanges: async () =>
      session
        .all(
          "SELECT * FROM version WHERE number IN (SELECT min(number) FROM version WHERE artifact IS NOT NULL GROUP BY changes) ORDER BY number",
        )
        .map(toVersion),
    warm: async () => session.all("SELECT * FROM version WHERE warm_until IS NOT NULL ORDER BY number").map(toVersion),
    built: async (name, artifact, changes) =>
      update("artifact = ?, changes = ?", JSON.stringify(artifact), JSON.stringify(changes), numberOf(name)),
    keepWarm: async (name, until) => update("warm_until = ?, stopped_at = NULL", until ?? null, numberOf(name)),
    stopped: async (name) => update("warm_until = NULL, stopped_at = ?", session.clock.now(), numberOf(name)),
  }

  function first(sql: string, ...values: (string | number)[]): VersionRecord | undefined {
    const row = session.first(sql, ...values)
    return row === undefined ? undefined : toVersion(row)
  }

  function update(set: string, ...values: (string | number | null)[]): void {
    session.write(() => session.run(`UPDATE version SET ${set} WHERE number = ?`, ...values))
  }
}

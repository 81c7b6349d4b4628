// Rows of state.db as the records of the ports.
import { optionalNumber, optionalText } from "../../kernel/database/columns.ts"
import type { Row } from "../../kernel/database/columns.ts"
import type { ArtifactRef } from "../../kernel/artifact.ts"
import type { Facts } from "../../kernel/errors/errors.ts"
import type {
  JournalEvent,
  JournalEventName,
  ReleaseKind,
  ReleaseRecord,
  ReleaseState,
  RequestRecord,
  VersionEnvironment,
  VersionRecord,
} from "../records.ts"

export function toVersion(row: Row): VersionRecord {
  const artifact = optionalText(row["artifact"])
  const changes = optionalText(row["changes"])
  const environment = optionalText(row["environment"])
  return {
    name: `v${String(row["number"])}`,
    commit: String(row["commit_sha"]),
    subject: String(row["subject"]),
    createdAt: Number(row["created_at"]),
    environment: environment === undefined ? undefined : (JSON.parse(environment) as VersionEnvironment),
    artifact: artifact === undefined ? undefined : (JSON.parse(artifact) as ArtifactRef),
    changes: changes === undefined ? undefined : (JSON.parse(changes) as string[]),
    warmUntil: optionalNumber(row["warm_until"]),
    stoppedAt: optionalNumber(row["stopped_at"]),
  }
}

export function toRelease(row: Row): ReleaseRecord {
  return {
    id: Number(row["id"]),
    kind: String(row["kind"]) as ReleaseKind,
    version: `v${String(row["version"])}`,
    commit: String(row["commit_sha"]),
    change: optionalText(row["change"]),
    branch: optionalText(row["branch"]),
    supersededBy: optionalNumber(row["superseded_by"]),
    requestedAt: Number(row["requested_at"]),
    state: String(row["state"]) as ReleaseState,
    reason: optionalText(row["reason"]),
    endedAt: optionalNumber(row["ended_at"]),
  }
}

export function toRequest(row: Row): RequestRecord {
  return {
    seq: Number(row["seq"]),
    at: Number(row["at"]),
    action: String(row["action"]),
    subject: String(row["subject"]),
    run: optionalNumber(row["run"]),
    actor: optionalText(row["actor"]),
    reason: optionalText(row["reason"]),
    proof: String(row["proof"]),
  }
}

export function toEvent(row: Row): JournalEvent {
  return {
    seq: Number(row["seq"]),
    release: Number(row["release"]),
    step: String(row["step"]),
    event: String(row["event"]) as JournalEventName,
    at: Number(row["at"]),
    fence: Number(row["fence"]),
    facts: JSON.parse(String(row["facts"])) as Facts,
  }
}

// What Conveyor needs of the machine: Node, git, control groups. Called by doctor.ts.
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { describe } from "../../kernel/errors/errors.ts"
import type { ControlGroups } from "../../wiring/looks.ts"
import { attention, fails, fine, unknown } from "./finding.ts"
import type { Finding } from "./finding.ts"

const execute = promisify(execFile)
const answersWithinMs = 5_000

/** node:sqlite without a flag. */
const oldestNode = "22.13.0"
/** The hook by which a push is a release and fails with it. */
const oldestGit = "2.29.0"

export function nodeFinding(version: string): Finding {
  return isAtLeast(version, oldestNode)
    ? fine("node", version)
    : fails(
        "node",
        `${version} is older than ${oldestNode}, which is the first that has SQLite`,
        "Install Node 22.13 or newer; 24 is tested most.",
      )
}

export async function gitFinding(): Promise<Finding> {
  try {
    return gitFindingOf((await execute("git", ["--version"], { timeout: answersWithinMs })).stdout)
  } catch (thrown) {
    return fails("git", `cannot be run: ${describe(thrown)}`, "Install git: apt-get install git.")
  }
}

export function gitFindingOf(text: string): Finding {
  const version = /\d+(\.\d+)+/.exec(text)?.[0]
  if (version === undefined) return unknown("git", `does not say its version: ${text.trim()}`, "See what `git --version` prints.")
  return isAtLeast(version, oldestGit)
    ? fine("git", version)
    : fails("git", `${version} is older than ${oldestGit}: a push could not fail with its release`, "Install a newer git.")
}

export function groupsFinding({ may, notEnforced }: ControlGroups): Finding {
  const what = "cgroups"
  if (may === "not-be-made") {
    const next = "Run as root, or give this user a delegated group (systemd: Delegate=yes; `conveyor service install` asks for it)."
    return attention(what, "none may be made: processes are found by a mark in their environment, and limits are not held", next)
  }
  return notEnforced.length === 0
    ? fine(what, "groups and limits may be made")
    : attention(
        what,
        `groups may be made, and these limits are not held: ${notEnforced.join(", ")}`,
        "Enable their controllers for the group that this runs in.",
      )
}

/** By numbers, part by part. */
export function isAtLeast(version: string, oldest: string): boolean {
  const [own, least] = [version, oldest].map((text) => text.split(".").map(Number))
  for (const [i, wanted] of (least ?? []).entries()) {
    const is = own?.[i] ?? 0
    if (is !== wanted) return is > wanted
  }
  return true
}

// Everything that `conveyor doctor` looks at, in the order in which it matters. Nothing is changed, and every look has a bound.
import { execFile } from "node:child_process"
import { basename, dirname } from "node:path"
import { promisify } from "node:util"
import { readConfig } from "../../config/read-config.ts"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import { findControlPlane } from "../../server/installation/state-directory.ts"
import type { StateDirectory } from "../../server/installation/state-directory.ts"
import { portsOfOwnEdge, tryControlGroups } from "../../wiring/looks.ts"
import { controlPlaneFinding } from "./control-plane.ts"
import { attention, fails, fine, unknown } from "./finding.ts"
import type { Finding } from "./finding.ts"
import { gitFinding, groupsFinding, nodeFinding } from "./machine.ts"
import { placeFindings } from "./place.ts"
import { portFindings } from "./ports.ts"
import { shardFindings } from "./shards.ts"

const execute = promisify(execFile)

export interface Patient {
  state: StateDirectory
  configFile: string
  variables: NodeJS.ProcessEnv
  now: () => number
}

export async function examine(patient: Patient): Promise<Finding[]> {
  const { state, configFile, variables, now } = patient
  const config = await readConfig(configFile, variables).catch((thrown: unknown) => asFinding("conveyor.yml", thrown))
  const controlPlane = await findControlPlane(state).catch((thrown: unknown) => asFinding("control plane", thrown))
  const machine = [nodeFinding(process.versions.node), await gitFinding(), groupsFinding(tryControlGroups(state))]
  const runs = controlPlane !== undefined && !("verdict" in controlPlane)
  return [
    ...machine,
    ...(await placeFindings(state, now())),
    ...("verdict" in config ? withoutConfig(config) : [fine("conveyor.yml", configFile), await committed(configFile)]),
    ...("verdict" in config
      ? []
      : await portFindings(config, { edge: await portsOfOwnEdge(state), controlPlane: runs ? "runs" : "does-not-run" })),
    ...("verdict" in config ? [] : await shardFindings(config, now)),
    controlPlane !== undefined && "verdict" in controlPlane ? controlPlane : await controlPlaneFinding(controlPlane),
  ]
}

const withoutConfig = (finding: Finding): Finding[] => [
  finding,
  unknown("ports and shards", "were not looked at, since conveyor.yml cannot be read", "Mend conveyor.yml, and ask again."),
]

/** A push brings what was committed, and nothing else. */
async function committed(configFile: string): Promise<Finding> {
  const git = (...argv: string[]) => execute("git", ["-C", dirname(configFile), ...argv], { timeout: 5_000 })
  const isThere = (asked: Promise<unknown>) =>
    asked.then(
      () => true,
      () => false,
    )
  if (!(await isThere(git("rev-parse", "--git-dir")))) {
    return attention("commit", `${dirname(configFile)} is in no git repository`, "git init, and commit what is to be released.")
  }
  if (await isThere(git("cat-file", "-e", `HEAD:./${basename(configFile)}`))) return fine("commit", "conveyor.yml is in the newest commit")
  return attention(
    "commit",
    "conveyor.yml is not in the newest commit: a release of that one will fail",
    `git add ${basename(configFile)} && git commit`,
  )
}

function asFinding(what: string, thrown: unknown): Finding {
  const hint = thrown instanceof ConveyorError ? thrown.hint : undefined
  return fails(what, describe(thrown), hint ?? "conveyor --help")
}

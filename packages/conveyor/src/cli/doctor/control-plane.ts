// Whether the control plane that runs can be asked, and is of the same Conveyor as this command. Called by doctor.ts.
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import { programVersion } from "../../server/installation/program-version.ts"
import type { ControlAddress } from "../../server/installation/state-directory.ts"
import { Client } from "../client.ts"
import { attention, fails, fine } from "./finding.ts"
import type { Finding } from "./finding.ts"

const what = "control plane"

export async function controlPlaneFinding(address: ControlAddress | undefined): Promise<Finding> {
  if (address === undefined) return attention(what, "does not run", "conveyor up")
  try {
    await new Client(address).ask("status")
  } catch (thrown) {
    const hint = thrown instanceof ConveyorError ? thrown.hint : undefined
    return fails(what, describe(thrown), hint ?? "conveyor up --restart starts it anew under traffic.")
  }
  return versionFinding(address)
}

export function versionFinding({ url, version }: Pick<ControlAddress, "url" | "version">): Finding {
  if (version === programVersion) return fine(what, `${version} answers at ${url}`)
  const says = `${version ?? "an older Conveyor"} answers at ${url}, and this command is ${programVersion}`
  return attention(what, says, "conveyor up --restart starts it anew with this one, under traffic.")
}

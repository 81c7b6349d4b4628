// systemd, told what to do, and the unit that runs a control plane: stopped otherwise than by systemd, it would be started
// again. Called by whoever starts and stops a control plane.
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { seconds } from "../../kernel/time/duration.ts"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import type { ControlAddress } from "../../server/installation/state-directory.ts"
import { systemctl } from "./plan.ts"
import { unitVariables } from "./unit.ts"

export type Unit = NonNullable<ControlAddress["unit"]>

const execute = promisify(execFile)
const answersWithinMs = seconds(90)

/** The unit that this process is of, as its unit says; undefined where none does. */
export function ownUnit(variables: Readonly<Record<string, string | undefined>>): Unit | undefined {
  const [unit, scope] = [variables[unitVariables.unit], variables[unitVariables.scope]]
  return unit !== undefined && (scope === "system" || scope === "user") ? { unit, scope } : undefined
}

/** @throws ConveyorError "systemd-failed" */
export async function tellSystemd(what: "start" | "stop", { unit, scope }: Unit): Promise<void> {
  await carryOut(systemctl(scope, what, unit))
}

/** Gives what it printed. @throws ConveyorError "systemd-failed" */
export async function carryOut([program = "", ...argv]: readonly string[]): Promise<string> {
  const { stdout } = await execute(program, argv, { timeout: answersWithinMs }).catch((cause: unknown) => {
    throw new ConveyorError("systemd-failed", `${[program, ...argv].join(" ")} failed: ${describe(cause)}`, {
      hint: "systemctl status and journalctl -u of the unit say more.",
      cause,
    })
  })
  return stdout
}

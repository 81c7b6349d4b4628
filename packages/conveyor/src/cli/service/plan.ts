// What installing, removing and asking for the unit does: files and commands, as data. Carried out by commands/service.ts.
import { join } from "node:path"
import { unitName } from "./unit.ts"
import type { Scope } from "./unit.ts"

export interface ServicePlan {
  unit: string
  file: string
  /** Each is a program with its arguments. */
  commands: string[][]
}

const systemUnits = "/etc/systemd/system"

export const systemctl = (scope: Scope, ...argv: readonly string[]): string[] => [
  "systemctl",
  ...(scope === "user" ? ["--user"] : []),
  ...argv,
]

/** @param home of whoever installs it, for the scope of a user */
export function planService(action: "install" | "uninstall" | "status", name: string, scope: Scope, home: string): ServicePlan {
  const unit = unitName(name)
  const file = join(scope === "system" ? systemUnits : join(home, ".config", "systemd", "user"), unit)
  const commands = {
    install: [systemctl(scope, "daemon-reload"), systemctl(scope, "enable", "--now", unit)],
    uninstall: [systemctl(scope, "disable", "--now", unit), systemctl(scope, "daemon-reload")],
    status: [systemctl(scope, "show", "--property=LoadState,ActiveState,SubState,UnitFileState,MainPID,NRestarts", unit)],
  } satisfies Record<typeof action, string[][]>
  return { unit, file, commands: commands[action] }
}

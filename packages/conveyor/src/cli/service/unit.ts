// The systemd unit that runs an installation's control plane from boot on: as data, and as text. Called by commands/service.ts.
import { ConveyorError } from "../../kernel/errors/errors.ts"

export type Scope = "system" | "user"

export interface UnitOptions {
  /** Of the service in conveyor.yml. */
  name: string
  scope: Scope
  /** Program and arguments. */
  command: readonly string[]
  /** Where conveyor.yml is. */
  folder: string
  /** Who runs it; undefined in the scope of a user. */
  user: string | undefined
  path: string
}

/** What a process of a unit of ours finds in its environment. */
export const unitVariables = { unit: "CONVEYOR_UNIT", scope: "CONVEYOR_UNIT_SCOPE" } as const

export const unitName = (name: string): string => `conveyor-${name}.service`

/** @throws ConveyorError "bad-name" where a path has what no unit can hold */
export function unitText({ name, scope, command, folder, user, path }: UnitOptions): string {
  const lines = [
    "# Written by `conveyor service install`; `conveyor service uninstall` removes it.",
    "[Unit]",
    `Description=Conveyor of ${plain(name)}`,
    ...(scope === "system" ? ["Wants=network-online.target", "After=network-online.target postgresql.service"] : []),
    "# However often it has ended: it is started again.",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=exec",
    `ExecStart=${command.map(word).join(" ")}`,
    `WorkingDirectory=${plain(folder)}`,
    `Environment=${quoted(`PATH=${path}`)}`,
    "# So that it knows who starts it again.",
    `Environment=${unitVariables.unit}=${unitName(name)} ${unitVariables.scope}=${scope}`,
    "# The variables that conveyor.yml asks for, one NAME=value a line.",
    `EnvironmentFile=-${plain(folder)}/conveyor.env`,
    ...(user === undefined ? [] : [`User=${plain(user)}`]),
    "Restart=always",
    "RestartSec=500ms",
    "# Edge and copies serve on while the control plane is away.",
    "KillMode=process",
    "TimeoutStopSec=60s",
    "# Builds and copies get control groups of their own.",
    "Delegate=yes",
    "UMask=0077",
    "LimitNOFILE=65536",
    "",
    "[Install]",
    `WantedBy=${scope === "system" ? "multi-user.target" : "default.target"}`,
  ]
  return `${lines.join("\n")}\n`
}

/** In a command line a dollar begins a variable, too. */
const word = (text: string): string => quoted(text).replaceAll("$", "$$$$")

const quoted = (text: string): string =>
  `"${plain(text)
    .replaceAll("\\", String.raw`\\`)
    .replaceAll('"', String.raw`\"`)}"`

/** A per cent sign begins a specifier everywhere. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex
  if (!/[\u0000-\u001F\u007F]/.test(text)) return text.replaceAll("%", "%%")
  throw new ConveyorError("bad-name", `no unit can name ${JSON.stringify(text)}: it has a control character`, {
    hint: "Move the installation to a folder without one in its path.",
  })
}

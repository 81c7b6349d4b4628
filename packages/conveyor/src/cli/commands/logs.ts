// conveyor logs: the newest output of copies.
import type { Command } from "commander"
import { controlPlaneOf } from "../../server/state-directory.ts"
import { Client } from "../client.ts"
import { globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"
import { dim } from "../render/paint.ts"

interface CopyLog {
  copy: string
  service: string
  version: string
  lines: string[]
}

export function addLogs(program: Command): void {
  const command: Command = program
    .command("logs")
    .summary("show the newest output of copies")
    .argument("[version]", "only of this version")
    .argument("[service]", "only of this service")
    .option("-n, --lines <count>", "how many lines of each copy", "50")
    .action(async (version: string | undefined, service: string | undefined, { lines }: { lines: string }) => {
      const { state, json } = globalOptions(command)
      const query = new URLSearchParams({ lines, ...(version !== undefined && { version }), ...(service !== undefined && { service }) })
      const logs = await new Client(await controlPlaneOf(state)).get<CopyLog[]>(`/logs?${query.toString()}`)
      if (json) {
        printJson(logs)
        return
      }
      for (const log of logs) {
        for (const line of log.lines) print(`${dim(`${log.version} ${log.service}`)} ${line}`)
      }
    })
}

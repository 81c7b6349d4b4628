// Shows Zabbix how everything stands: which checks there are, each one's standing and words, and that the watch is alive. Made by wiring/.
import { createHash } from "node:crypto"
import { ConveyorError } from "../../../kernel/errors/errors.ts"
import type { Exporter, Shown } from "../../exporter.ts"
import { keys, standingCodes } from "./connect.ts"
import { send } from "./sender.ts"
import type { Value } from "./sender.ts"

export interface ZabbixTarget {
  /** Of the trapper: 10051 unless it was set. */
  server: { host: string; port: number }
  /** The host's technical name there. */
  host: string
}

/** What was discovered is said again, in case that Zabbix was set up anew. */
const discoverEveryMs = 600_000
const everyMs = 10_000

export function zabbixExporter({ server, host }: ZabbixTarget): Exporter {
  let discovered = { names: "", at: 0 }
  return {
    name: `zabbix at ${server.host}:${server.port}`,
    everyMs,
    async show(shown, signal) {
      const names = digestOf(shown)
      const clock = Math.floor(shown.at / 1_000)
      const value = (key: string, of: string | number): Value => ({ host, key, value: String(of), clock })
      const isDue = names !== discovered.names || shown.at - discovered.at > discoverEveryMs
      const discovery = isDue ? [value(keys.discovery, JSON.stringify(shown.checks.map(({ name }) => ({ "{#CHECK}": name }))))] : []
      const values = shown.checks.flatMap(({ name, standing, summary }) => [
        value(keyOf(keys.standing, name), standingCodes[standing]),
        value(keyOf(keys.summary, name), summary),
      ])
      const { processed, failed } = await send(server, [...discovery, value(keys.alive, 1), ...values], signal)
      if (isDue && processed > 0) discovered = { names, at: shown.at }
      if (failed === 0) return
      // Items that were discovered this moment take no values yet.
      discovered = { ...discovered, at: isDue ? discovered.at : 0 }
      throw new ConveyorError("zabbix-refused", `Zabbix has not taken ${failed} of ${processed + failed} values`, {
        facts: { host, failed, processed },
        hint: "Just after a check has come that passes. Else: conveyor watch connect zabbix.",
      })
    },
  }
}

const digestOf = ({ checks }: Shown) =>
  createHash("sha256")
    .update(JSON.stringify(checks.map(({ name }) => name)))
    .digest("hex")

const keyOf = (prototype: string, name: string) => prototype.replace("{#CHECK}", () => name.replaceAll('"', String.raw`\"`))

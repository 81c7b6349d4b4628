// From the words of `watch:` in conveyor.yml to checks, notifiers and audiences. Called by wiring.ts.
import { dirname } from "node:path"
import type { Config } from "../config/config.ts"
import { fleetsOf } from "../config/fleets.ts"
import type { CheckConfig } from "../config/watching/checks.ts"
import type { NotifierConfig } from "../config/watching/notify.ts"
import type { WatchConfig } from "../config/watching/watch.ts"
import type { Clock } from "../kernel/time/clock.ts"
import { ConveyorError } from "../kernel/errors/errors.ts"
import { makeCheck } from "../watch/checks/kinds.ts"
import type { CheckSpec, CheckTools } from "../watch/checks/kinds.ts"
import type { Place } from "../watch/checks/check.ts"
import type { HostLimits } from "../watch/checks/host.ts"
import type { Audience } from "../watch/telling/telling.ts"
import { defaultRule } from "../watch/judgement/rule.ts"
import type { Notifier } from "../watch/telling/notifier.ts"
import type { Exporter } from "../watch/exporter.ts"
import { openZabbix } from "../watch/export/zabbix/api.ts"
import { connectZabbix } from "../watch/export/zabbix/connect.ts"
import type { Made } from "../watch/export/zabbix/connect.ts"
import { zabbixExporter } from "../watch/export/zabbix/exporter.ts"
import { smtp } from "../watch/notify/smtp.ts"
import { telegram } from "../watch/notify/telegram.ts"
import { slack, webhook } from "../watch/notify/webhook.ts"
import type { Pace, Watched } from "../watch/plan.ts"

export function paceOf(pace: WatchConfig["pace"]): Pace {
  const { every, within, open_after, close_after, unknown_after } = pace
  const rule = { ...defaultRule, openAfter: open_after, closeAfter: close_after, unknownAfter: unknown_after }
  return { everyMs: every, withinMs: within, rule }
}

/** What is the same as long as this program runs: conveyor.yml's own checks, the edge, the shards and the machine. */
export function standingChecks(
  config: Config,
  { edgeUrl, stateFile }: { edgeUrl: string; stateFile: string },
  tools: CheckTools,
): Watched[] {
  const { own, checks, machine, pace } = config.watch
  const ownOne = (name: string, spec: CheckSpec, place: Place = {}): Watched => ({
    check: makeCheck(name, spec, tools, place),
    ...paceOf(pace),
    severity: "page",
    dependsOn: [],
  })
  const shards = fleetsOf(config).flatMap(({ shards: all }) => Object.entries(all))
  return [
    ...(own.includes("edge") ? [ownOne("edge", { kind: "http", steps: [edgeStep(edgeUrl)] })] : []),
    ...(own.includes("shards")
      ? shards.map(([shard, url]) =>
          ownOne(`shard ${shard}`, { kind: "postgres", url: url.reveal(), limits: { connections: 0.95 } }, { shard }),
        )
      : []),
    ...(own.includes("machine") ? [ownOne("machine", { kind: "machine", limits: limitsOf(machine, [dirname(stateFile)]) })] : []),
    ...Object.entries(checks).map(([name, written]) => ({
      check: makeCheck(name, specOf(name, written), tools),
      ...paceOf(written),
      severity: written.severity,
      dependsOn: written.depends_on,
    })),
  ]
}

/** What the edge itself serves, whatever becomes of the copies behind it. */
const edgeStep = (edgeUrl: string) => ({
  url: new URL("/.conveyor/client.js", edgeUrl).href,
  method: "GET",
  headers: {},
  expect: [200],
  json: {},
  keep: {},
})

function specOf(name: string, written: CheckConfig): CheckSpec {
  const { http, tcp, certificate, dns, postgres, machine, heartbeat } = written
  if (http !== undefined) return { kind: "http", steps: http }
  if (tcp !== undefined) return { kind: "tcp", at: tcp }
  if (certificate !== undefined) {
    const { of, server_name: serverName, left } = certificate
    return { kind: "certificate", of: { ...of, serverName, leftMs: left } }
  }
  if (dns !== undefined) return { kind: "dns", of: dns }
  if (postgres !== undefined) {
    const { url, connections, oldest_transaction, lock_waits, replica_lag } = postgres
    const limits = { connections, oldestTransactionMs: oldest_transaction, lockWaits: lock_waits, replicaLagMs: replica_lag }
    return { kind: "postgres", url: url.reveal(), limits }
  }
  if (machine !== undefined) return { kind: "machine", limits: limitsOf(machine, []) }
  if (heartbeat !== undefined) return { kind: "heartbeat", of: { name, everyMs: heartbeat.every, graceMs: heartbeat.grace } }
  throw new ConveyorError("bad-file", `watch.checks.${name} asks nothing`)
}

function limitsOf(machine: WatchConfig["machine"], disks: readonly string[]): HostLimits {
  const { load_per_core, memory_free, swap_used, disk_free, inodes_free, full_within, disks: more } = machine
  return {
    loadPerCore: load_per_core,
    memoryFree: memory_free,
    swapUsed: swap_used,
    diskFree: disk_free,
    inodesFree: inodes_free,
    fullWithinMs: full_within,
    disks: [...disks, ...more],
  }
}

export function notifiersOf({ notify }: WatchConfig, clock: Clock): Notifier[] {
  return Object.entries(notify).map(([name, written]) => notifierOf(name, written, clock))
}

function notifierOf(name: string, written: NotifierConfig, clock: Clock): Notifier {
  const { language } = written
  const { smtp: letters, telegram: bot, slack: channel, webhook: hook } = written
  if (letters !== undefined) return smtp({ name, language, ...letters, url: letters.url.reveal() })
  if (bot !== undefined) return telegram({ name, language, ...bot, token: bot.token.reveal() })
  if (channel !== undefined) return slack({ name, language, url: channel.url.reveal() }, clock)
  if (hook !== undefined) return webhook({ name, language, url: hook.url.reveal(), secret: hook.secret?.reveal() }, clock)
  throw new ConveyorError("bad-file", `watch.notify.${name} tells nobody`)
}

export function exportersOf({ name, watch: { zabbix } }: Config): Exporter[] {
  return zabbix === undefined ? [] : [zabbixExporter({ server: zabbix.server, host: zabbix.host ?? hostInZabbix(name) })]
}

const hostInZabbix = (name: string) => `conveyor ${name}`

/** Makes in Zabbix what the installation needs there. @throws ConveyorError "no-zabbix", "not-reachable", "zabbix-refused" */
export async function connectToZabbix({ name, watch }: Config, onMade: (made: Made) => void, signal: AbortSignal): Promise<void> {
  const { zabbix } = watch
  if (zabbix?.api === undefined) {
    throw new ConveyorError("no-zabbix", "conveyor.yml does not say how Zabbix' API is reached", {
      hint: "Write watch.zabbix with server and api: `conveyor init --print` shows how.",
    })
  }
  const { call, end } = await openZabbix(zabbix.api, signal)
  try {
    await connectZabbix(call, zabbix.host ?? hostInZabbix(name), onMade)
  } finally {
    await end()
  }
}

export const audiencesOf = ({ notify }: WatchConfig): Audience[] =>
  Object.entries(notify).map(([notifier, { severities, after }]) => ({ notifier, severities, afterMs: after }))

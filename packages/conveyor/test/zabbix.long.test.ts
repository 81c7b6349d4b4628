// A real Zabbix is shown how everything stands: from what the watch finds to Zabbix' event and back, and nothing twice.
import assert from "node:assert/strict"
import { test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { needsZabbix, startZabbix } from "@conveyor/testbed/zabbix"
import type { Zabbix } from "@conveyor/testbed/zabbix"
import { openZabbix } from "../src/watch/export/zabbix/api.ts"
import type { Call } from "../src/watch/export/zabbix/api.ts"
import { connectZabbix } from "../src/watch/export/zabbix/connect.ts"
import type { Made } from "../src/watch/export/zabbix/connect.ts"
import { zabbixExporter } from "../src/watch/export/zabbix/exporter.ts"
import { send } from "../src/watch/export/zabbix/sender.ts"
import type { Standing } from "../src/watch/judgement/judge.ts"

const host = "conveyor shop"
const signal = new AbortController().signal

test(
  "a check's problem becomes an event in Zabbix, and its end ends it; a second connect changes nothing",
  needsZabbix,
  async (context) => {
    const zabbix = await startZabbix()
    try {
      const { call, end } = await openZabbix({ url: zabbix.frontend, user: zabbix.user, password: zabbix.password }, signal)
      assert.deepEqual(await didOf(call), new Set(["made"]))
      assert.deepEqual(await didOf(call), new Set(["was there"]))

      const show = shower(zabbix)
      await eventually("the items of the checks are there and take values", () => show({ edge: "fine", 'copy "web"/1': "fine" }))
      // Shown again and again, as the watch does: a trigger that was just discovered judges the next value, not the last.
      const becomes = (standings: Record<string, Standing>, expected: string[]) =>
        eventually(expected.join() || "no problem", async () => {
          await show(standings)
          assert.deepEqual(await problems(call), expected)
        })
      await becomes({ edge: "problem", 'copy "web"/1': "fine" }, ["edge has a problem"])
      await becomes({ edge: "fine", 'copy "web"/1': "unknown" }, ['copy "web"/1: nobody knows how it is'])
      await becomes({ edge: "fine", 'copy "web"/1': "fine" }, [])
      context.diagnostic("problem, no data and recovery were seen in Zabbix")

      await refusals(zabbix)
      await end()
    } finally {
      await zabbix.stop()
    }
  },
)

async function didOf(call: Call): Promise<Set<string>> {
  const all: Made[] = []
  await connectZabbix(call, host, (made) => all.push(made))
  return new Set(all.map(({ did }) => did))
}

function shower(zabbix: Zabbix): (standings: Record<string, Standing>) => Promise<void> {
  const exporter = zabbixExporter({ server: zabbix.trapper, host })
  return (standings) => {
    const checks = Object.entries(standings).map(([name, standing]) => ({ name, standing, summary: `${name} is ${standing}` }))
    return exporter.show({ at: Date.now(), checks, open: [] }, signal)
  }
}

async function problems(call: Call): Promise<string[]> {
  return (await call<{ name: string }[]>("problem.get", { output: ["name"] })).map(({ name }) => name)
}

/** "success" hides what failed; a wrong password and another server are named. */
async function refusals(zabbix: Zabbix): Promise<void> {
  const nobody = { host: "nobody", key: "nothing", value: "1", clock: 1 }
  assert.deepEqual(await send(zabbix.trapper, [nobody], signal), { processed: 0, failed: 1 })
  await assert.rejects(openZabbix({ url: zabbix.frontend, user: "Admin", password: "wrong" }, signal), /user\.login/)
  await assert.rejects(openZabbix({ url: `${zabbix.frontend}/nowhere`, token: "x" }, signal), /not Zabbix' API/)
  await assert.rejects(send({ host: "127.0.0.1", port: 1 }, [nobody], signal), /does not answer/)
}

async function eventually(what: string, attempt: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 120_000
  for (;;) {
    try {
      return await attempt()
    } catch (thrown) {
      if (Date.now() > deadline) throw new Error(`not within two minutes: ${what}`, { cause: thrown })
      await sleep(1_000)
    }
  }
}

// conveyor retire: gives up an old version's rollback window before its time.
import type { Command } from "commander"
import { systemClock } from "../../kernel/time/clock.ts"
import { seconds } from "../../kernel/time/duration.ts"
import { until } from "../../kernel/time/until.ts"
import { controlPlaneOf } from "../../server/installation/state-directory.ts"
import { Client } from "../client.ts"
import { askerOf, globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"

const stopsWithinMs = seconds(90)

export function addRetire(program: Command): void {
  const command: Command = program
    .command("retire")
    .summary("stop an old version that is kept warm")
    .description(
      "Ends the rollback window of an old version now: its copies are drained and stopped. Going back to it later means\nstarting it first.",
    )
    .argument("<version>", "the old version, such as v41")
    .action(async (version: string) => {
      const { state, json } = globalOptions(command)
      const client = new Client(await controlPlaneOf(state))
      const record = await client.ask("retire", { params: { name: version }, input: askerOf(command) })
      await until(() => hasStopped(client, version), {
        what: `${version} has stopped`,
        everyMs: 200,
        withinMs: stopsWithinMs,
        clock: systemClock,
        signal: new AbortController().signal,
      })
      if (json) printJson(record)
      else print(`${version} is stopped`)
    })
}

async function hasStopped(client: Client, name: string): Promise<{ done: true } | { notYet: string }> {
  const { versions } = await client.ask("status")
  const state = versions.find((version) => version.name === name)?.state ?? "stopped"
  return state === "stopped" || state === "unbuilt" ? { done: true } : { notYet: `it is ${state}` }
}

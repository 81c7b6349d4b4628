// conveyor watch connect: makes in another system what it needs to be shown how everything stands.
import { resolve } from "node:path"
import { Argument } from "commander"
import type { Command } from "commander"
import { configFileName } from "../../../config/load-config.ts"
import { readConfig } from "../../../config/read-config.ts"
import { globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"
import { dim, green } from "../../render/paint.ts"

export function addConnect(watch: Command): void {
  const command: Command = watch
    .command("connect")
    .summary("make in Zabbix what the watch needs there")
    .description(
      "Makes a host group, a host, and a discovery rule by which every check becomes items and triggers. What is there is left as it is: a\nsecond time changes nothing. Needs watch.zabbix with its api in conveyor.yml, and no control plane.",
    )
    .addArgument(new Argument("<system>", "the system").choices(["zabbix"]))
    .option("--config <file>", "the conveyor.yml that names it", configFileName)
    .action(async (_system: string, { config }: { config: string }) => {
      const { json } = globalOptions(command)
      const { connectToZabbix } = await import("../../../wiring/watching.ts")
      const all: { what: string; did: string }[] = []
      const tell = (made: { what: string; did: string }) => {
        all.push(made)
        if (!json) print(`${made.did === "made" ? green(made.did) : dim(made.did)}  ${made.what}`)
      }
      await connectToZabbix(await readConfig(resolve(config), process.env), tell, new AbortController().signal)
      if (json) printJson(all)
    })
}

// conveyor logs: the newest output of copies.
import { InvalidArgumentError } from "commander"
import type { Command } from "commander"
import { controlPlaneOf } from "../../server/installation/state-directory.ts"
import { Client } from "../client.ts"
import { globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"
import { dim } from "../render/paint.ts"

const longest = 10_000

export function addLogs(program: Command): void {
  const command: Command = program
    .command("logs")
    .summary("show the newest output of copies")
    .description(
      "The newest output of every copy that runs; of a named version also where it is stopped already, so that it can be\n" +
        "seen why it did not live.",
    )
    .argument("[version]", "only of this version")
    .argument("[service]", "only of this service")
    .option("-n, --lines <count>", "how many lines of each copy", lineCount, 50)
    .option("-f, --follow", "and what comes from now on, of copies that are started later too, until Ctrl-C")
    .action(async (version: string | undefined, service: string | undefined, { lines, follow }: { lines: number; follow?: true }) => {
      const { state, json } = globalOptions(command)
      const client = new Client(await controlPlaneOf(state))
      if (follow === true) return followLogs(client, { version, service, lines }, json ? "json" : "text")
      const logs = await client.ask("logs", { input: { version, service, lines } })
      if (json) {
        printJson(logs)
        return
      }
      for (const log of logs) {
        for (const line of log.lines) print(`${dim(`${log.version} ${log.service}`)} ${line}`)
      }
    })
}

async function followLogs(client: Client, query: Parameters<Client["logs"]>[0], as: "json" | "text"): Promise<void> {
  for await (const news of client.logs(query, new AbortController().signal)) {
    print(as === "json" ? JSON.stringify(news) : `${dim(`${news.version} ${news.service}`)} ${news.text}`)
  }
}

function lineCount(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= longest) return count
  throw new InvalidArgumentError(`Write a whole number from 1 to ${longest}.`)
}

// conveyor watch test: whether people would be told.
import type { Command } from "commander"
import { controlPlaneOf } from "../../../server/installation/state-directory.ts"
import { Client } from "../../client.ts"
import { askerOf, globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"
import { green, red, yellow } from "../../render/paint.ts"

const words = { sent: green("told"), later: yellow("not told now"), never: red("does not take it") }

export function addTry(watch: Command): void {
  const command: Command = watch
    .command("test")
    .summary("send a test by one notifier")
    .description("Sends one message that says that nothing is wrong, at once. Exit code 3 where it did not arrive.")
    .argument("<notifier>", "its name under watch.notify")
    .action(async (name: string) => {
      const { state, json } = globalOptions(command)
      const tried = await new Client(await controlPlaneOf(state)).ask("tryNotifier", { params: { name }, input: askerOf(command) })
      if (tried.kind !== "sent") process.exitCode = 3
      if (json) return printJson(tried)
      print(`${name}: ${words[tried.kind]}${tried.reason === undefined ? "" : `: ${tried.reason}`}`)
    })
}

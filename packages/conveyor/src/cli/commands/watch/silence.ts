// conveyor watch silence and unsilence: for a while nobody is told; what is measured goes on.
import { InvalidArgumentError } from "commander"
import type { Command } from "commander"
import { formatDuration, parseDuration } from "../../../kernel/time/duration.ts"
import { controlPlaneOf } from "../../../server/installation/state-directory.ts"
import { Client } from "../../client.ts"
import { askerOf, globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"

export function addSilence(watch: Command): void {
  const command: Command = watch
    .command("silence")
    .summary("tell nobody for a while")
    .description(
      "Nobody is told of these checks meanwhile; they are asked all the same, and the ledger goes on. Of what was told before it, the end\nis told; what lasts longer than the silence is told after it.",
    )
    .argument("<check>", 'its name, or a pattern: "copy web/*", "*"')
    .requiredOption("--for <duration>", "how long, such as 30m; 30 days at the most", duration)
    .action(async (pattern: string, { for: forMs }: { for: number }) => {
      const { state, json } = globalOptions(command)
      const { actor, reason = "not said" } = askerOf(command)
      const silence = await new Client(await controlPlaneOf(state)).ask("silence", { input: { actor, reason, pattern, forMs } })
      if (json) return printJson(silence)
      print(
        `silence ${silence.id}: nobody is told of ${pattern} for ${formatDuration(forMs)}; conveyor watch unsilence ${silence.id} ends it`,
      )
    })
  const end: Command = watch
    .command("unsilence")
    .summary("end a silence")
    .description("People are told again from now on, of what is still open too.")
    .argument("<silence>", "its number")
    .action(async (id: string) => {
      const { state, json } = globalOptions(end)
      const silence = await new Client(await controlPlaneOf(state)).ask("endSilence", { params: { id }, input: askerOf(end) })
      if (json) return printJson(silence)
      print(`silence ${silence.id} is over`)
    })
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms >= 1_000) return ms
  throw new InvalidArgumentError("Write a duration, such as 30m or 2h.")
}

// conveyor certificates: what the edge speaks TLS with, and how long it lasts.
import type { Command } from "commander"
import { controlPlaneOf } from "../../server/installation/state-directory.ts"
import { Client } from "../client.ts"
import { askerOf, globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"
import { certificateLines } from "../render/certificate-lines.ts"
import { dim, yellow } from "../render/paint.ts"

export function addCertificates(program: Command): void {
  const command: Command = program
    .command("certificates")
    .summary("the certificates of the edge, and how long they last")
    .description(
      "Which certificates the edge speaks TLS with, for which hosts, and how long they last. Their files are looked at every few\nseconds; a file that is no good is told, and the certificate of before goes on.",
    )
    .option("--reload", "read the files now")
    .action(async ({ reload }: { reload?: boolean }) => {
      const { state, json } = globalOptions(command)
      const client = new Client(await controlPlaneOf(state))
      const report =
        reload === true ? await client.ask("reloadCertificates", { input: askerOf(command) }) : await client.ask("certificates")
      if (json) return printJson(report)
      if (report.certificates.length + report.unknown.length === 0)
        print(dim("The edge speaks no TLS: edge.tls in conveyor.yml turns it on."))
      for (const line of certificateLines(report.certificates, Date.now())) print(line)
      for (const doubt of report.unknown) print(yellow(`  ${doubt}`))
    })
}

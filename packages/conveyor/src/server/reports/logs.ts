// The newest output of copies, for `conveyor logs`: of those that run, and of a stopped version's last ones, because why
// a version did not live is asked when it is gone.
import { z } from "zod"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import type { Ports } from "../../release/ports.ts"
import type { CopyLog } from "../protocol/reports.ts"

export interface LogQuery {
  version?: string | undefined
  service?: string | undefined
  /** Of each copy, counted from the end. */
  lines: number
}

interface Logged {
  id: string
  service: string
  version: string
}

export async function newestLines(ports: Ports, { version, service, lines }: LogQuery, signal: AbortSignal): Promise<CopyLog[]> {
  const copies = version === undefined ? (await ports.runtime.observe(signal)).copies : await copiesOf(ports, version, signal)
  return Promise.all(
    copies
      .filter((copy) => service === undefined || copy.service === service)
      .map(async (copy) => ({
        copy: copy.id,
        service: copy.service,
        version: copy.version,
        lines: await tail(ports, copy.id, lines, signal),
      })),
  )
}

async function copiesOf(ports: Ports, version: string, signal: AbortSignal): Promise<readonly Logged[]> {
  if ((await ports.versions.find(version)) === undefined) {
    throw new ConveyorError("no-such-version", `there is no version ${version}`, {
      facts: { version },
      hint: "conveyor status lists the versions.",
    })
  }
  const known = (await ports.runtime.observe(signal)).copies.filter((copy) => copy.version === version)
  return known.length > 0 ? known : lastStarted(ports, version)
}

const startFacts = z.object({ copies: z.array(z.object({ id: z.string(), service: z.string() })) })

async function lastStarted({ queue, journal }: Ports, version: string): Promise<Logged[]> {
  const runs = await queue.ofVersion(version)
  const started = (await Promise.all(runs.map((release) => journal.of(release.id))))
    .flat()
    .findLast((event) => event.step === "start" && event.event === "succeeded")
  const facts = startFacts.safeParse(started?.facts)
  return facts.success ? facts.data.copies.map((copy) => ({ ...copy, version })) : []
}

async function tail(ports: Ports, copy: string, last: number, signal: AbortSignal): Promise<string[]> {
  const lines: string[] = []
  for await (const { text } of ports.runtime.logs(copy, { last, follow: "end", signal })) lines.push(text)
  return lines
}

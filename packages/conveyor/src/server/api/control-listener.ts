// The control plane's address: one of those that conveyor.yml names, and the same one after every restart. Called by
// serve.ts. The address is kept in the state directory, so that whoever knows it finds the control plane there again.
import { readFile } from "node:fs/promises"
import { writeDurably } from "../../kernel/disk/durable-file.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { holderOf } from "../../kernel/process/listeners.ts"
import type { Logger } from "../../kernel/logger.ts"

export interface ControlListen {
  host: string
  /** The first that is free is taken, lowest first; 0 alone is any that is free. */
  ports: { from: number; to: number }
}

export interface Listening {
  listen: (address: { host: string; port: number }) => Promise<string>
  wanted: ControlListen
  /** Where the port is kept. */
  file: string
  logger: Logger
}

const mostNamed = 3

/** Gives the URL. @throws ConveyorError "address-taken", naming who holds it */
export async function listenAtFixedAddress({ listen, wanted, file, logger }: Listening): Promise<string> {
  const { host, ports } = wanted
  const kept = Number(await readFile(file, "utf8").catch(() => ""))
  const isKept = kept >= Math.max(1, ports.from) && kept <= ports.to
  const taken: number[] = []
  for (const port of [...(isKept ? [kept] : []), ...upTo(ports, isKept ? kept : undefined)]) {
    const url = await listen({ host, port }).catch((thrown: unknown) => {
      if (!isTaken(thrown)) throw thrown
      taken.push(port)
    })
    if (url === undefined) continue
    if (isKept && port !== kept)
      logger.warn({ was: kept, is: port }, `the control plane has another port than before: ${kept} is held by ${await holderOf(kept)}`)
    await writeDurably(file, new URL(url).port, 0o600)
    return url
  }
  const holders = await Promise.all(taken.slice(0, mostNamed).map(async (port) => `${host}:${port} is held by ${await holderOf(port)}`))
  const more = taken.length > mostNamed ? `; and ${taken.length - mostNamed} more are taken` : ""
  throw new ConveyorError("address-taken", `the control plane cannot listen: ${holders.join("; ")}${more}`, {
    facts: { host, ports, holders },
    hint: "Give this installation an address of its own (`control: { listen: 127.0.0.1:7301 }` in conveyor.yml), or stop who holds it.",
  })
}

function upTo({ from, to }: ControlListen["ports"], without: number | undefined): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i).filter((port) => port !== without)
}

const isTaken = (thrown: unknown) => thrown instanceof Error && "code" in thrown && thrown.code === "EADDRINUSE"

// What copies of versions are told, kept for as long as a version may be started again, and what was set by hand. The one
// place of the state directory, besides what the runtime wants, where secrets are written down: files for their owner alone.
// Called by wiring/environments.ts.
import { createHmac, randomBytes } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { mkdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { z } from "zod"
import { writeDurably } from "../kernel/disk/durable-file.ts"
import { ConveyorError, describe } from "../kernel/errors/errors.ts"
import { Secret, revealed } from "../kernel/secret.ts"
import type { Environment } from "../kernel/secret.ts"
import type { VersionEnvironment } from "./records.ts"

/** By service. */
export type Told = Readonly<Record<string, Environment>>

const secrets = z.record(
  z.string(),
  z.string().transform((value) => new Secret(value)),
)
const toldShape = z.record(z.string(), secrets)
const setShape = z.object({ all: secrets.default({}), services: z.record(z.string(), secrets).default({}) })

/** Variables that a person has set: for copies of every service, and of one. */
export type SetVariables = z.infer<typeof setShape>

export class EnvironmentFiles {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** The same is kept once, whenever it comes. Neither the id nor a digest tells anything to whoever has not the key. */
  async keep(told: Told): Promise<VersionEnvironment | undefined> {
    if (Object.values(told).every((environment) => Object.keys(environment).length === 0)) return undefined
    const key = await this.#key()
    const digest = (...of: string[]) => createHmac("sha256", key).update(JSON.stringify(of)).digest("hex").slice(0, 16)
    const values = Object.entries(told)
      .flatMap(([service, environment]) => Object.entries(revealed(environment)).map(([name, value]) => ({ service, name, value })))
      .toSorted((a, b) => (`${a.service}/${a.name}` < `${b.service}/${b.name}` ? -1 : 1))
    const names = Object.fromEntries(values.map(({ service, name, value }) => [`${service}/${name}`, digest(service, name, value)]))
    const id = digest(JSON.stringify(names))
    await this.#write(`${id}.json`, JSON.stringify(Object.fromEntries(Object.entries(told).map(([of, each]) => [of, revealed(each)]))))
    return { id, names }
  }

  /** @throws ConveyorError "environment-lost": a copy with another environment is no copy of that version. */
  async read({ id }: VersionEnvironment): Promise<Told> {
    const file = join(this.#folder, `${id}.json`)
    try {
      return toldShape.parse(JSON.parse(await readFile(file, "utf8")))
    } catch (cause) {
      throw new ConveyorError("environment-lost", `what copies of this version are told cannot be read from ${file}: ${describe(cause)}`, {
        facts: { file },
        hint: "Put the file back from a backup, or release the commit again: conveyor release <commit>",
      })
    }
  }

  async set(): Promise<SetVariables> {
    const text = this.#read("set.json")
    return setShape.parse(text === undefined ? {} : JSON.parse(text))
  }

  async change({ all, services }: SetVariables): Promise<void> {
    const own = Object.fromEntries(Object.entries(services).map(([service, each]) => [service, revealed(each)]))
    await this.#write("set.json", JSON.stringify({ all: revealed(all), services: own }))
  }

  async #key(): Promise<string> {
    const known = this.#read("key")
    if (known !== undefined) return known
    const key = randomBytes(32).toString("hex")
    await this.#write("key", key)
    return key
  }

  async #write(name: string, text: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await writeDurably(join(this.#folder, name), text, 0o600)
  }

  /** At once: a few bytes, asked at every release. */
  #read(name: string): string | undefined {
    const file = join(this.#folder, name)
    return existsSync(file) ? readFileSync(file, "utf8") : undefined
  }
}

/** Names of what two versions' copies are told differently; "web/TOKEN" of one service, "TOKEN" of all that have it. */
export function differing(before: VersionEnvironment | undefined, now: VersionEnvironment | undefined): string[] {
  const [old, own] = [before?.names ?? {}, now?.names ?? {}]
  const places = [...new Set([...Object.keys(old), ...Object.keys(own)])]
  const byName = Map.groupBy(places, (place) => place.slice(place.indexOf("/") + 1))
  return [...byName]
    .flatMap(([name, all]) => {
      const differ = all.filter((place) => old[place] !== own[place])
      return differ.length === all.length ? [name] : differ
    })
    .toSorted()
}

// What is wanted of the process runtime, on disk: one file for each service at a version, for its owner's eyes alone,
// because the environment is in it. A version that nothing is wanted of has none, so that what once was costs nothing.
import { mkdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { z } from "zod"
import { writeDurably } from "../../kernel/disk/durable-file.ts"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import { Secret, revealed } from "../../kernel/secret.ts"
import { restsOf } from "../runtime.ts"
import type { KeptService, ServiceSpec, Work } from "../runtime.ts"
import { namesIn, readIfThere } from "./copy-files.ts"

const pace = { timeoutMs: z.number(), intervalMs: z.number(), failures: z.number() }
const healthCheck = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("http"),
    method: z.enum(["GET", "POST"]),
    path: z.string(),
    host: z.string().optional(),
    codes: z.array(z.object({ from: z.number(), to: z.number() })),
    body: z.enum(["status", "none"]),
    client: z.string(),
    ...pace,
  }),
  z.object({ kind: z.literal("tcp"), ...pace }),
  z.object({ kind: z.literal("command"), command: z.string(), ...pace }),
  z.object({ kind: z.literal("stays-up"), forMs: z.number(), ...pace }),
])

const serviceSpec = z.object({
  service: z.string(),
  version: z.string(),
  commit: z.string(),
  release: z.string(),
  artifact: z.object({ id: z.string(), kind: z.string(), ref: z.string() }),
  command: z.string(),
  environment: z.record(
    z.string(),
    z.string().transform((value) => new Secret(value)),
  ),
  copies: z.int().min(0),
  role: z.enum(["server", "worker"]).default("server"),
  whenNotCurrent: z.enum(["stop", "keep"]).default("keep"),
  toldBy: z.union([z.object({ signal: z.enum(["SIGUSR1", "SIGUSR2", "SIGHUP"]) }), z.object({ path: z.string() })]).optional(),
  work: z.enum(["working", "resting"]).default("working"),
  health: healthCheck,
  startWithinMs: z.number().default(60_000),
  stopGraceMs: z.number(),
})

/** Before there were other ways to ask, a file had the path of the status query and its client. */
function withHealth(recorded: unknown): unknown {
  const { status, ...rest } = z.looseObject({ status: z.object({ path: z.string(), client: z.string() }).optional() }).parse(recorded)
  if (status === undefined || "health" in rest) return recorded
  const codes = [{ from: 200, to: 201 }]
  return {
    ...rest,
    health: { kind: "http", method: "POST", ...status, codes, body: "status", timeoutMs: 5_000, intervalMs: 4_000, failures: 3 },
  }
}

/** The one place where environments are written: a file for its owner alone. */
function asText(spec: KeptService): string {
  const environment = revealed(spec.environment)
  return JSON.stringify({ ...serviceSpec.parse({ ...spec, environment }), environment })
}

export class WantedFiles {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async all(): Promise<KeptService[]> {
    const names = (await this.#names()).filter((name) => name.endsWith(".json")).toSorted()
    const specs = await Promise.all(names.map((name) => this.#read(join(this.#folder, name))))
    return specs.filter((spec) => spec !== undefined)
  }

  /** What was recorded when it was first wanted stays; gives what is wanted from now on. */
  async keep(spec: ServiceSpec): Promise<KeptService> {
    const { copies, health, startWithinMs, stopGraceMs } = spec
    const recorded = await this.#read(this.#file(spec))
    const kept =
      recorded === undefined ? { ...spec, work: "working" as const } : { ...recorded, copies, health, startWithinMs, stopGraceMs }
    if (recorded === undefined || asText(kept) !== asText(recorded)) await this.#write(kept)
    return kept
  }

  /** Gives the services of the version that it is about. */
  async setWork(version: string, work: Work): Promise<string[]> {
    const own = (await this.all()).filter((spec) => spec.version === version && restsOf(spec))
    for (const spec of own) if (spec.work !== work) await this.#write({ ...spec, work })
    return own.map(({ service }) => service)
  }

  async #write(spec: KeptService): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await writeDurably(this.#file(spec), asText(spec), 0o600)
  }

  #file({ version, service }: Pick<ServiceSpec, "version" | "service">): string {
    return join(this.#folder, `${version}.${service}.json`)
  }

  async forget(version: string): Promise<void> {
    const own = (await this.#names()).filter((name) => name.startsWith(`${version}.`))
    for (const name of own) await rm(join(this.#folder, name), { force: true })
  }

  async #names(): Promise<string[]> {
    return namesIn(this.#folder)
  }

  async #read(file: string): Promise<KeptService | undefined> {
    const text = await readIfThere(file)
    if (text === undefined) return undefined
    try {
      return serviceSpec.parse(withHealth(JSON.parse(text)))
    } catch (cause) {
      throw new ConveyorError("bad-runtime-state", `${file} does not say what is wanted: ${describe(cause)}`, {
        facts: { file },
        hint: "Move the file away: the service is then wanted again as its commit says.",
      })
    }
  }
}

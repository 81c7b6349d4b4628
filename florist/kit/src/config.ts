// What a service is told by its environment, parsed once at its start. Called by `serve` and by tests.
import { z } from "zod"

const schema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  HOST: z.string().min(1).default("127.0.0.1"),
  FLORIST_DIRECTORY_URL: z.string().regex(/^postgres(ql)?:\/\//, "must be a PostgreSQL URL, as postgres://user@host:5432/directory"),
  FLORIST_POOL: z.coerce.number().int().min(1).max(100).default(8),
  FLORIST_LOG: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  CONVEYOR_VERSION: z.string().optional(),
  CONVEYOR_RELEASE: z.string().optional(),
  CONVEYOR_COPY: z.string().optional(),
  CONVEYOR_BUILD: z.string().optional(),
})

/** Who this copy is among all copies. Each is null where the service was started by hand. */
export interface Identity {
  build: string | null
  release: string | null
  version: string | null
  copy: string | null
}

export interface Config {
  host: string
  /** 0 takes a free port. */
  port: number
  directoryUrl: string
  /** Connections to each shard. */
  poolSize: number
  logLevel: string
  identity: Identity
}

/** @throws Error that names each wrong variable. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const parsed = schema.safeParse(environment)
  if (!parsed.success) throw new Error(`Wrong environment:\n${z.prettifyError(parsed.error)}`)
  const env = parsed.data
  return {
    host: env.HOST,
    port: env.PORT,
    directoryUrl: env.FLORIST_DIRECTORY_URL,
    poolSize: env.FLORIST_POOL,
    logLevel: env.FLORIST_LOG,
    identity: {
      build: env.CONVEYOR_BUILD ?? null,
      release: env.CONVEYOR_RELEASE ?? null,
      version: env.CONVEYOR_VERSION ?? null,
      copy: env.CONVEYOR_COPY ?? null,
    },
  }
}

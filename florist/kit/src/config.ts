// What a service is told by its environment, parsed once at its start. Called by `serve` and by tests.
import { z } from "zod"
import { trustIn } from "./client-address.ts"
import type { Trust } from "./client-address.ts"

const url = z.string().regex(/^https?:\/\//, "must be a URL, as http://127.0.0.1:8080")

/** Addresses and networks by commas, as a variable of the environment. */
export const trustList = (standard: string) =>
  z
    .string()
    .default(standard)
    .transform((list, context): Trust => {
      try {
        return trustIn(list)
      } catch (cause) {
        context.addIssue({
          code: "custom",
          message: `must be addresses and networks by commas, as "loopback, 10.0.0.0/8" (${String(cause)})`,
        })
        return z.NEVER
      }
    })

const schema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  HOST: z.string().min(1).default("127.0.0.1"),
  FLORIST_DIRECTORY_URL: z.string().regex(/^postgres(ql)?:\/\//, "must be a PostgreSQL URL, as postgres://user@host:5432/directory"),
  FLORIST_SECRET: z.string().min(32, "must be at least 32 characters; `openssl rand -base64 48` makes one"),
  FLORIST_POOL: z.coerce.number().int().min(1).max(100).default(3),
  FLORIST_LOG: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  /** Where the other services are found, under /internal/<service>. */
  FLORIST_PEERS: url.optional(),
  FLORIST_BANK: url.optional(),
  /** Who says in x-real-ip who a client is: the edge and the gateway. Addresses, networks or "loopback", by commas. */
  FLORIST_FRONT_DOORS: trustList("loopback"),
  CONVEYOR_EDGE: url.optional(),
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
  /** Signs access tokens and everything else that must not be forged. */
  secret: string
  /** Connections to each shard. */
  poolSize: number
  logLevel: string
  /** Where another service is asked; undefined where this one is alone, and whatever needs another one is then unavailable. */
  peerUrl: (service: string) => string | undefined
  /** The bank's API for QR payments; undefined where there is none. */
  bankUrl: string | undefined
  /** Whose word about a client's address is believed. */
  frontDoors: Trust
  identity: Identity
}

/** @throws Error that names each wrong variable. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const parsed = schema.safeParse(environment)
  if (!parsed.success) throw new Error(`Wrong environment:\n${z.prettifyError(parsed.error)}`)
  const env = parsed.data
  const peers = env.FLORIST_PEERS ?? env.CONVEYOR_EDGE
  return {
    host: env.HOST,
    port: env.PORT,
    directoryUrl: env.FLORIST_DIRECTORY_URL,
    secret: env.FLORIST_SECRET,
    poolSize: env.FLORIST_POOL,
    logLevel: env.FLORIST_LOG,
    peerUrl: (service) => (peers === undefined ? undefined : `${peers.replace(/\/$/, "")}/internal/${service}`),
    bankUrl: env.FLORIST_BANK,
    frontDoors: env.FLORIST_FRONT_DOORS,
    identity: {
      build: env.CONVEYOR_BUILD ?? null,
      release: env.CONVEYOR_RELEASE ?? null,
      version: env.CONVEYOR_VERSION ?? null,
      copy: env.CONVEYOR_COPY ?? null,
    },
  }
}

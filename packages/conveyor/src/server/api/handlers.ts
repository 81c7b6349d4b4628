// What carries out each endpoint of the protocol. Called by the API, with input that fits its shape.
import { ConveyorError } from "../../kernel/errors/errors.ts"
import type { Jobs } from "../../release/jobs/jobs.ts"
import type { Ports } from "../../release/ports.ts"
import type { Asker, ReleaseRecord } from "../../store/records.ts"
import type { SetVariables } from "../../store/environments.ts"
import type { ControlPlane } from "../control-plane.ts"
import { newestLines } from "../reports/logs.ts"
import type { EnvironmentReport } from "../protocol/environment.ts"
import type { AnswerOf, Endpoint, ParamsOf, PathOf } from "../protocol/endpoint.ts"
import type { Endpoints } from "../protocol/endpoints.ts"
import { certificatesOf, runReport, statusReport } from "../reports/status.ts"
import { watchHandlers } from "../watching/watch-handlers.ts"
import type { Watching } from "../watching/watching.ts"
import type { z } from "zod"

export interface Asked<Params = unknown, Input = unknown> {
  params: Params
  input: Input
  /** Aborts when the asker goes away. */
  signal: AbortSignal
}

type ParsedInputOf<E> = E extends Endpoint<string, infer Input> ? z.output<Input> : never

export type Handlers = {
  [Name in keyof Endpoints]: (
    asked: Asked<ParamsOf<PathOf<Endpoints[Name]>>, ParsedInputOf<Endpoints[Name]>>,
  ) => Promise<AnswerOf<Endpoints[Name]>> | AnswerOf<Endpoints[Name]>
}

export interface HandlerParts {
  controlPlane: ControlPlane
  ports: Ports
  name: string
  edgeUrl: string
  jobs: Jobs
  watching: Watching
}

export function handlersFor({ controlPlane, ports, name, edgeUrl, watching, jobs }: HandlerParts): Handlers {
  return {
    status: async ({ signal }) => statusReport({ ports, name, edge: edgeUrl, changes: await controlPlane.changes(), signal }),
    certificates: ({ signal }) => certificatesOf(ports, "as-they-are", signal),
    reloadCertificates: ({ signal }) => certificatesOf(ports, "read-anew", signal),
    changes: () => controlPlane.changes(),
    plan: ({ input }) => controlPlane.plan(input.revision),
    run: async ({ params }) => runReport(ports, await runOf(ports, params.id)),
    runs: async ({ input: { limit, before } }) => {
      const page = await ports.queue.before(before ?? Number.MAX_SAFE_INTEGER, limit)
      return Promise.all(page.map((run) => runReport(ports, run)))
    },
    jobs: ({ input, signal }) => jobs.report(input.runs, signal),
    logs: ({ input, signal }) => newestLines(ports, input, signal),

    environment: async () => namesOf(await ports.environments.set()),
    changeEnvironment: async ({ input }) =>
      namesOf(await controlPlane.changeEnvironment({ service: input.service, set: input.set, unset: input.unset }, askerOf(input))),

    ...watchHandlers(watching, ports.clock),

    release: ({ input }) => controlPlane.requestRelease(input.revision, askerOf(input), input.branch),
    rollback: ({ input }) => controlPlane.requestRollback(input.to, askerOf(input)),
    cancel: async ({ params, input }) => controlPlane.cancel((await runOf(ports, params.id)).id, askerOf(input)),
    promote: ({ params, input }) => controlPlane.promote(params.name, askerOf(input)),
    retire: ({ params, input }) => controlPlane.requestRetire(params.name, askerOf(input)),
    contract: ({ input }) => controlPlane.requestContract(input.change, askerOf(input)),
    abortChange: ({ params, input }) => controlPlane.requestAbortOfChange(params.name, askerOf(input)),
    repackChange: ({ params, input }) => controlPlane.requestRepack(params.name, askerOf(input)),
    pauseChange: ({ params, input }) => controlPlane.pauseChange(params.name, "pause", askerOf(input)),
    resumeChange: ({ params, input }) => controlPlane.pauseChange(params.name, "resume", askerOf(input)),
  }
}

/** Names, and never values: what was set cannot be read back. */
function namesOf({ all, services }: SetVariables): EnvironmentReport {
  const named = Object.entries(services).map(([service, own]) => [service, Object.keys(own)] as const)
  return { all: Object.keys(all), services: Object.fromEntries(named.filter(([, names]) => names.length > 0)) }
}

/** There is one token: it proves that the asker may ask, and not who it is. */
export function askerOf({ actor, reason }: { actor?: string | undefined; reason?: string | undefined }): Asker {
  return { actor, reason, proof: "control-token" }
}

async function runOf(ports: Ports, id: string): Promise<ReleaseRecord> {
  const found = /^\d{1,15}$/.test(id) ? await ports.queue.find(Number(id)) : undefined
  if (found !== undefined) return found
  throw new ConveyorError("no-such-run", `there is no run ${id}`, { facts: { id }, hint: "conveyor history lists all of them." })
}

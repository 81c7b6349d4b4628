// A real HTTP service for the witness's own tests, well-behaved until a test says otherwise.
import { createServer } from "node:http"
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { ProgressLine, WitnessResult } from "../src/result.ts"
import type { PageScenario, RequestSpec, Scenario } from "../src/scenario.ts"
import type { WitnessOptions } from "../src/witness.ts"
import { runWitness } from "../src/witness.ts"

export interface Service extends AsyncDisposable {
  url: URL
  server: Server
}

/** Closes with every connection when it goes out of scope. */
export async function startService(answer: RequestListener): Promise<Service> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Answers as a healthy service of `version` does, once the request's body has come. */
export async function answerWell(request: IncomingMessage, response: ServerResponse, version = "v1"): Promise<void> {
  for await (const _ of request);
  response.writeHead(200, { "content-type": "application/json", "x-conveyor-version": version })
  response.end(JSON.stringify({ ok: true, path: request.url }))
}

export const parsesAsJson: NonNullable<RequestSpec["check"]> = ({ body }) => void JSON.parse(body.toString())

export const gets: Scenario = {
  name: "gets",
  requests: [{ weight: 1, make: () => ({ method: "GET", path: "/items", check: parsesAsJson }) }],
}

export const posts: Scenario = {
  name: "posts",
  requests: [
    {
      weight: 1,
      make: (chance) => {
        const id = chance.uuid()
        return { method: "POST", path: "/payments", body: JSON.stringify({ id }), acknowledged: () => ({ store: "payments", key: id }) }
      },
    },
  ],
}

/** Pages alone. */
export function pagesThat(page: Partial<PageScenario>): Scenario {
  const calls = [{ weight: 1, make: () => ({ method: "GET" as const, path: "/api/items", check: parsesAsJson }) }]
  return { ...gets, page: { document: "/", calls, thinkMs: { from: 20, to: 40 }, ...page } }
}

export interface Evidence {
  result: WitnessResult
  acknowledged: { at: number; store: string; key: string; version: string | null }[]
  progress: ProgressLine[]
}

export interface WitnessTest extends Partial<WitnessOptions> {
  scenario: Scenario
  /** Ends the run when it is true; the last line of progress is handed to it. It is asked often. */
  until?: (progress: ProgressLine | undefined) => boolean
}

const noRunIsLongerMs = 60_000

/** Runs the witness for a second, unless told otherwise, into a folder that is gone afterwards, and gives back what it wrote there. */
export async function witness(target: URL, { until, ...options }: WitnessTest): Promise<Evidence> {
  const outDirectory = await mkdtemp(join(tmpdir(), "witness-test-"))
  let progress: ProgressLine | undefined
  const seen = new AbortController()
  const watch = setInterval(() => until?.(progress) === true && seen.abort(), 20)
  try {
    await runWitness({
      target,
      ratePerSecond: 50,
      pages: 0,
      ...(until === undefined ? { seconds: 1 } : {}),
      arrivals: "exact",
      timeoutMs: 20_000,
      outDirectory,
      signal: AbortSignal.any([seen.signal, AbortSignal.timeout(noRunIsLongerMs)]),
      onProgress: (line) => (progress = line),
      ...options,
    })
    return await readEvidence(outDirectory)
  } finally {
    clearInterval(watch)
    await rm(outDirectory, { recursive: true })
  }
}

export async function readEvidence(directory: string): Promise<Evidence> {
  const read = (file: string) => readFile(join(directory, file), "utf8")
  const lines = async <T>(file: string) =>
    (await read(file))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as T)
  return {
    result: JSON.parse(await read("result.json")) as WitnessResult,
    acknowledged: await lines("acknowledged.ndjson"),
    progress: await lines("progress.ndjson"),
  }
}

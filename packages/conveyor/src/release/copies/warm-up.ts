// A new copy is asked a few things before users ask it: code is compiled, connections stand, caches are filled. What comes
// back is told and decides nothing. Called by the step verify.
import { healthOf } from "../../config/config.ts"
import type { Config } from "../../config/config.ts"
import { checkInWords } from "../../kernel/health-check.ts"
import { describe } from "../../kernel/errors/errors.ts"
import type { Copy } from "../../runtime/runtime.ts"
import type { Ports, Progress } from "../ports.ts"
import { askCopy } from "./ask-copy.ts"

/** What one copy answered to one question, asked one time after the other. */
export interface WarmedUp {
  copy: string
  asked: string
  times: number
  firstMs: number
  lastMs: number
  failed: number
  /** Of the last that failed. */
  because?: string
}

export interface WarmUpOptions {
  /** Each question so often. */
  times: number
  /** By service, besides its status. */
  paths: Readonly<Record<string, readonly string[]>>
  config: Config
  /** So many copies are asked at the same time. */
  atOnce: number
  signal: AbortSignal
  report: (progress: Progress) => void
}

/** Copies whose turn does not come within `start_within` are left as they are; so are questions. */
export async function warmUp(ports: Ports, copies: readonly Copy[], options: WarmUpOptions): Promise<WarmedUp[]> {
  const { config, atOnce } = options
  const endsAt = ports.clock.now() + config.release.start_within
  const left = [...copies]
  const warmed: WarmedUp[] = []
  const work = async () => {
    for (let copy = left.shift(); copy !== undefined && ports.clock.now() < endsAt; copy = left.shift()) {
      warmed.push(...(await warmUpOne(ports, copy, endsAt, options)))
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, copies.length) }, work))
  return warmed
}

async function warmUpOne(ports: Ports, copy: Copy, endsAt: number, options: WarmUpOptions): Promise<WarmedUp[]> {
  const { times, signal, report } = options
  const warmed: WarmedUp[] = []
  for (const { asked, ask } of questionsTo(ports, copy, options)) {
    const seen: Asked[] = []
    while (seen.length < times && ports.clock.now() < endsAt) seen.push(await timed(ports, ask, signal))
    const [first, last] = [seen[0], seen.at(-1)]
    if (first === undefined || last === undefined) continue
    const because = seen.findLast(({ failed }) => failed !== undefined)?.failed
    const failed = seen.filter((each) => each.failed !== undefined).length
    warmed.push({
      copy: copy.id,
      asked,
      times: seen.length,
      firstMs: first.ms,
      lastMs: last.ms,
      failed,
      ...(because !== undefined && { because }),
    })
    report({
      message: `warming up ${copy.service} of ${copy.version}: ${asked} ${seen.length} times, ${first.ms} ms at first, ${last.ms} ms now`,
    })
  }
  return warmed
}

interface Question {
  asked: string
  /** Resolves with what was wrong with the answer. */
  ask: () => Promise<string | undefined>
}

/** Its status, where that is asked over the network, and the paths that its service declares. */
function questionsTo(ports: Ports, copy: Copy, { config, paths: declared, signal }: WarmUpOptions): Question[] {
  const check = healthOf(config, copy.service)
  const status: Question = { asked: checkInWords(check), ask: () => askCopy(ports, copy, check, signal).then(() => undefined, describe) }
  const paths = (declared[copy.service] ?? []).map((path): Question => ({
    asked: `GET ${path}`,
    ask: () => askPath(ports, copy, path, signal),
  }))
  return check.kind === "http" ? [status, ...paths] : paths
}

async function askPath({ queryPath, clock }: Ports, { address }: Copy, path: string, signal: AbortSignal): Promise<string | undefined> {
  const { status } = await queryPath({ address, path, clock, signal })
  if (status === undefined) return "no answer"
  return status >= 400 ? `answered with ${status}` : undefined
}

interface Asked {
  ms: number
  failed: string | undefined
}

async function timed({ clock }: Ports, ask: Question["ask"], signal: AbortSignal): Promise<Asked> {
  const startedAt = clock.now()
  const failed = await ask()
  signal.throwIfAborted()
  return { ms: clock.now() - startedAt, failed }
}

// The story, played on real parts: a release with a schema change under traffic, a bad release, a rollback, a contract.
// What was seen is gathered on the way; judging it is the report's.
import { setTimeout as sleep } from "node:timers/promises"
import type { WitnessResult } from "@conveyor/witness/result"
import type { RunFacts } from "./conveyor.ts"
import { missingWrites } from "./lookup.ts"
import { ownersSessions } from "./model.ts"
import { readThroughService } from "./read-back.ts"
import { seedDirectory, seedShards } from "./seed.ts"
import type { Stage } from "./stage.ts"
import type { Witness } from "./witness.ts"

export interface Played {
  runs: readonly RunFacts[]
  witness: WitnessResult
  writes: { acknowledged: number; found: number }
  rollback: { run: RunFacts; writesOfNewVersion: number; seenByOld: number }
  contract: { refusedReason: string | undefined; run: RunFacts | undefined; dropped: readonly string[] }
  rollbackAfterContract: { refusedReason: string | undefined }
}

const change = "0010-payment-rows"
const baselineMs = 8_000
const betweenChaptersMs = 4_000

export async function play(stage: Stage): Promise<Played> {
  const edge = await firstRelease(stage)
  const witness = stage.startWitness(edge)
  await sleep(baselineMs, undefined, { signal: stage.signal })

  await releaseWithChange(stage)
  await badRelease(stage)
  const rollback = await backAndForth(stage, edge, witness)
  const contract = await contractTheChange(stage)
  const rollbackAfterContract = await rollBackTooFar(stage)

  const result = await witness.finish()
  const writes = await lookUp(stage, witness)
  return { runs: (await stage.conveyor.status()).runs, witness: result, writes, rollback, contract, rollbackAfterContract }
}

async function firstRelease(stage: Stage): Promise<string> {
  const { terminal, databases, options, conveyor } = stage
  const seed = { directoryUrl: databases.directoryUrl, shards: databases.shards, shops: options.shops, rows: options.rows, seed: 1 }

  terminal.chapter(
    `${options.shops.toLocaleString("en")} flower shops on ${databases.shards.length} shards, on two PostgreSQL ${databases.version} servers`,
  )
  await seedDirectory(seed)
  await stage.layOut("v1")
  const edge = await conveyor.up()
  terminal.found("good", `the conveyor is up, users come to ${edge}`)

  terminal.chapter("git push conveyor main: the first version, one method for each payment")
  expect(stage, await stage.push("v1"), "promoted")
  terminal.line("a shop on each shard is furnished through the API, and the others are copies of it")
  await seedShards({
    ...seed,
    edge,
    signal: stage.signal,
    onProgress: ({ rows, of }) => terminal.doing(`${rows.toLocaleString("en")} of ${of.toLocaleString("en")} payments of a season`),
  })
  terminal.found(
    "good",
    `${options.rows.toLocaleString("en")} payments of a season are there; from now on users come, ${options.rate} requests a second and ${options.pages} pages`,
  )
  return edge
}

async function releaseWithChange(stage: Stage): Promise<void> {
  stage.terminal.chapter("git push conveyor main: several methods, QR among them, with a change of the schema")
  expect(stage, await stage.push("v2"), "promoted")
  await sleep(betweenChaptersMs, undefined, { signal: stage.signal })
}

async function badRelease(stage: Stage): Promise<void> {
  stage.terminal.chapter("git push conveyor main: a version whose fault only real traffic shows")
  expect(stage, await stage.push("v3"), "rolled-back")
  await sleep(betweenChaptersMs, undefined, { signal: stage.signal })
}

async function backAndForth(stage: Stage, edge: string, witness: Witness): Promise<Played["rollback"]> {
  const { terminal, conveyor } = stage
  terminal.chapter("conveyor rollback v1: the first version serves again, on what the second has written")
  const run = expect(stage, await conveyor.follow("rollback", "v1"), "promoted")
  // What was paid first, v1 knows; further tenders of the same sale wait unseen until v2 is back.
  const written = (await witness.acknowledged()).filter(
    ({ version, store, key }) => version === "v2" && store === "payments.payment" && key.endsWith("/first"),
  )
  const seen = await readThroughService({
    edge,
    writes: written,
    sessions: await ownersSessions(stage.options.shops),
    version: "v1",
    signal: stage.signal,
    onProgress: (n) => terminal.doing(`v1 has read ${n} of ${written.length} payments that v2 took`),
  })
  terminal.found(seen === written.length ? "good" : "bad", `v1 reads ${seen} of the ${written.length} payments that v2 took`)

  terminal.chapter("conveyor release v2: forward again")
  expect(stage, await conveyor.follow("release", "v2"), "promoted")
  return { run, writesOfNewVersion: written.length, seenByOld: seen }
}

async function contractTheChange(stage: Stage): Promise<Played["contract"]> {
  const { terminal, conveyor } = stage
  terminal.chapter("conveyor change contract: the old column goes, once nothing can need it")
  const refused = await conveyor.follow("change", "contract", change)
  const refusedReason = reasonOf(refused)
  terminal.found(
    refusedReason === undefined ? "bad" : "good",
    refusedReason === undefined ? "it was not refused while v1 was warm" : "refused, because v1 is still warm",
  )

  terminal.line("conveyor retire v1: its rollback window is given up")
  await conveyor.must("retire", "v1")
  const run = expect(stage, await conveyor.follow("change", "contract", change), "promoted")
  const dropped = run?.steps.find((step) => step.name === "contract")?.facts?.["dropped"]
  return { refusedReason, run, dropped: Array.isArray(dropped) ? dropped.map(String) : [] }
}

async function rollBackTooFar(stage: Stage): Promise<Played["rollbackAfterContract"]> {
  stage.terminal.chapter("conveyor rollback v1, once more: what it would read is gone")
  const refusedReason = reasonOf(await stage.conveyor.follow("rollback", "v1"))
  stage.terminal.found(refusedReason === undefined ? "bad" : "good", refusedReason === undefined ? "it was not refused" : "refused")
  return { refusedReason }
}

async function lookUp(stage: Stage, witness: Witness): Promise<Played["writes"]> {
  const { terminal, databases } = stage
  terminal.chapter("Every acknowledged write is looked up in the databases")
  const writes = await witness.acknowledged()
  const missing = await missingWrites({ directoryUrl: databases.directoryUrl, writes })
  const found = writes.length - missing.length
  terminal.found(missing.length === 0 ? "good" : "bad", `${found} of ${writes.length} found`)
  for (const { store, key } of missing.slice(0, 10)) terminal.found("bad", `missing: ${store} ${key}`)
  return { acknowledged: writes.length, found }
}

/** The scenario goes on only where the run ended as the story says; anything else is a broken promise. */
function expect(stage: Stage, outcome: RunFacts | { error: string }, state: string): RunFacts {
  if ("error" in outcome) throw new BrokenPromise(`expected "${state}": ${outcome.error}`)
  if (outcome.state !== state)
    throw new BrokenPromise(
      `${outcome.kind} ${outcome.version} ended "${outcome.state}" where "${state}" was promised: ${outcome.reason ?? ""}`,
    )
  stage.terminal.found("good", `${outcome.kind} ${outcome.version}: ${outcome.state}`)
  return outcome
}

function reasonOf(outcome: RunFacts | { error: string }): string | undefined {
  if ("error" in outcome) return outcome.error
  return outcome.state === "refused" ? outcome.reason : undefined
}

export class BrokenPromise extends Error {}

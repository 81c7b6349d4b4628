// conveyor watch: what is watched, what is wrong, who was told, and for how much of the time users were served.
import type { Command } from "commander"
import { addAcknowledge, addClose, addComment } from "./incident-acts.ts"
import { addBeat } from "./beat.ts"
import { addConnect } from "./connect.ts"
import { addIncidents } from "./incidents.ts"
import { addLedger } from "./ledger.ts"
import { addShowIncident } from "./show.ts"
import { addSilence } from "./silence.ts"
import { addStatus } from "./status.ts"
import { addTry } from "./try.ts"

export function addWatchCommands(program: Command): void {
  const watch = program
    .command("watch")
    .summary("what is watched, what is wrong, and who was told")
    .description(
      "Checks, incidents, silences and the ledger of uptime. What is watched, and who is told, is in conveyor.yml under `watch`.",
    )
  for (const add of [
    addStatus,
    addIncidents,
    addShowIncident,
    addAcknowledge,
    addComment,
    addClose,
    addSilence,
    addLedger,
    addBeat,
    addTry,
    addConnect,
  ])
    add(watch)
}

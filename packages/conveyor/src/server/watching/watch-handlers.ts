// What carries out each request about the watch. Called by handlers.ts.
import { ConveyorError } from "../../kernel/errors/errors.ts"
import type { Clock } from "../../kernel/time/clock.ts"
import { tellOfClosed } from "../../watch/telling/telling.ts"
import type { Letter } from "../../watch/telling/notifier.ts"
import { testText } from "../../watch/telling/words.ts"
import type { Handlers } from "../api/handlers.ts"
import { incidentReport, incidentStory, uptimeReports, watchReport } from "./watch-reports.ts"
import type { Watching } from "./watching.ts"

type Own =
  | "watch"
  | "incidents"
  | "incident"
  | "acknowledge"
  | "comment"
  | "closeIncident"
  | "silence"
  | "endSilence"
  | "ledger"
  | "beat"
  | "tryNotifier"

export function watchHandlers(watching: Watching, clock: Clock): Pick<Handlers, Own> {
  const { book } = watching.parts
  return {
    watch: () => watchReport(watching, clock.now()),
    incidents: ({ input: { before, limit } }) => book.incidents.page(before ?? Number.MAX_SAFE_INTEGER, limit).map(incidentReport),
    incident: ({ params }) => incidentStory(watching, book.incidents.get(numberOf(params.id))),
    acknowledge: ({ params, input }) => incidentReport(book.incidents.acknowledge(numberOf(params.id), input.actor, clock.now())),
    comment: ({ params, input: { kind, text, actor } }) =>
      incidentReport(book.incidents.comment(numberOf(params.id), { at: clock.now(), kind, text, by: actor })),
    closeIncident: ({ params, input: { actor, reason } }) => {
      const at = clock.now()
      const text = `closed by ${actor}${reason === undefined ? "" : `: ${reason}`}`
      return incidentReport(
        book.incidents.close(numberOf(params.id), { at, text, by: actor }, (incident) => tellOfClosed(book, incident, at)),
      )
    },
    silence: ({ input: { pattern, forMs, actor, reason } }) => {
      const from = clock.now()
      return book.silences.begin({ pattern, from, until: from + forMs, by: actor, reason })
    },
    endSilence: ({ params }) => {
      const ended = book.silences.end(numberOf(params.id), clock.now())
      if (ended !== undefined) return ended
      throw new ConveyorError("no-such-silence", `there is no silence ${params.id} that lasts`, {
        hint: "conveyor watch status shows them.",
      })
    },
    ledger: ({ input: { check, days } }) => uptimeReports(watching, knownCheck(watching, check), days, clock.now()),
    beat: ({ params: { name } }) => {
      knownHeartbeat(watching, name)
      const at = clock.now()
      book.heartbeats.beat(name, at)
      return { at }
    },
    tryNotifier: ({ params: { name }, signal }) => tryNotifier(watching, name, clock.now(), signal),
  }
}

async function tryNotifier({ parts: { notifiers, service, installation } }: Watching, name: string, now: number, signal: AbortSignal) {
  const notifier = notifiers.find((each) => each.name === name)
  if (notifier === undefined) {
    throw new ConveyorError("no-such-notifier", `there is no notifier ${name}`, {
      facts: { known: notifiers.map((each) => each.name) },
      hint: "watch.notify in conveyor.yml names them.",
    })
  }
  const letter: Letter = {
    id: `${installation}-test-${now}`,
    subject: `[${service}] ${name}`,
    text: testText(notifier.language),
    transition: "opened",
    incidents: [],
    thread: undefined,
  }
  const delivery = await notifier.send(letter, AbortSignal.any([signal, AbortSignal.timeout(20_000)]))
  return { notifier: name, kind: delivery.kind, reason: delivery.kind === "sent" ? undefined : delivery.reason }
}

function knownCheck({ plan }: Watching, name: string | undefined): string | undefined {
  if (name === undefined || plan.some(({ check }) => check.name === name)) return name
  throw new ConveyorError("no-such-check", `there is no check ${name}`, { hint: "conveyor watch status names all of them." })
}

/** Not any name: else a client could fill the book. */
function knownHeartbeat({ plan }: Watching, name: string): void {
  if (plan.some(({ check }) => check.kind === "heartbeat" && check.name === name)) return
  throw new ConveyorError("no-such-check", `there is no heartbeat ${name}`, {
    facts: { name },
    hint: "Declare it under watch.checks in conveyor.yml.",
  })
}

function numberOf(id: string): number {
  if (/^\d{1,15}$/.test(id)) return Number(id)
  throw new ConveyorError("no-such-incident", `${id} is not the number of one`, { hint: "conveyor watch incidents lists them." })
}

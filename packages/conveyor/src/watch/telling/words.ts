// What people read, in their language: a subject, and a text that says what, where, since when, and what may have done it. Names and
// summaries come from applications: they are put in as plain text, and whoever sends them makes of them what its protocol needs.
import type { Incident, Suspect } from "../incidents/incident.ts"
import type { Transition } from "../book/messages.ts"
import type { Language } from "./notifier.ts"

interface Words {
  trouble: Readonly<Record<Incident["trouble"], string>>
  over: string
  passed: string
  escalated: string
  since: string
  lasted: string
  suspects: string
  cause: string
  acknowledge: string
  several: (count: number) => string
  test: string
}

const words: Readonly<Record<Language, Words>> = {
  en: {
    trouble: { problem: "PROBLEM", unknown: "NO DATA", flapping: "FLAPPING" },
    over: "OVER",
    passed: "WAS, AND IS OVER",
    escalated: "NOBODY SEES TO IT",
    since: "since",
    lasted: "lasted",
    suspects: "what was changed before",
    cause: "cause",
    acknowledge: "conveyor watch ack",
    several: (count) => `${count} incidents`,
    test: "A test of this way to tell you. Nothing is wrong.",
  },
  ru: {
    trouble: { problem: "НЕИСПРАВНОСТЬ", unknown: "НЕТ ДАННЫХ", flapping: "ТО ЕСТЬ, ТО НЕТ" },
    over: "УСТРАНЕНО",
    passed: "БЫЛО И ПРОШЛО",
    escalated: "НИКТО НЕ ЗАНИМАЕТСЯ",
    since: "с",
    lasted: "длилось",
    suspects: "что меняли перед этим",
    cause: "причина",
    acknowledge: "conveyor watch ack",
    several: (count) => `происшествий: ${count}`,
    test: "Проверка этого способа связи. Всё в порядке.",
  },
}

const mostListed = 10
const mostSuspects = 3

export function subjectOf(service: string, transition: Transition, incidents: readonly Incident[], language: Language): string {
  const [first] = incidents
  const what = incidents.length === 1 && first !== undefined ? first.check : words[language].several(incidents.length)
  return `[${service}] ${headOf(transition, first, language)}: ${what}`
}

export function textOf(transition: Transition, incidents: readonly Incident[], language: Language): string {
  if (incidents.length === 1) return incidents.flatMap((each) => whole(transition, each, language)).join("\n")
  const listed = incidents.slice(0, mostListed).map(({ check, summary }) => `- ${check}: ${summary}`)
  const more = incidents.length - listed.length
  return [...listed, ...(more > 0 ? [`- … +${more}`] : [])].join("\n")
}

export const testText = (language: Language): string => words[language].test

function headOf(transition: Transition, incident: Incident | undefined, language: Language): string {
  const { over, passed, escalated, trouble } = words[language]
  if (transition === "opened") return trouble[incident?.trouble ?? "problem"]
  return { closed: over, passed, escalated }[transition]
}

function whole(transition: Transition, incident: Incident, language: Language): string[] {
  const { since, lasted, suspects, cause, acknowledge } = words[language]
  const isOver = transition === "closed" || transition === "passed"
  const time = isOver
    ? `${lasted} ${inWords((incident.closedAt ?? incident.openedAt) - incident.openedAt)}`
    : `${since} ${new Date(incident.openedAt).toISOString().replace("T", " ").slice(0, 19)} UTC`
  const suspected = isOver ? [] : incident.suspects.slice(0, mostSuspects).map(suspectLine)
  return [
    incident.summary,
    time,
    ...(suspected.length > 0 ? [`${suspects}:`, ...suspected] : []),
    ...(incident.cause === undefined ? [] : [`${cause}: ${incident.cause}`]),
    ...(isOver ? [] : [`${acknowledge} ${incident.id}`]),
  ]
}

const suspectLine = ({ what, because }: Suspect) => `- ${what} (${because})`

/** "3 h 20 min", "40 s". */
function inWords(ms: number): string {
  const [hours, minutes, seconds] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.round(ms / 1_000) % 60]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds} s` : `${seconds} s`
}

// An incident as the beginning of a post-mortem in Markdown: what is known is filled in, what only people know is asked for.
import { formatDuration } from "../../kernel/time/duration.ts"
import type { IncidentStory } from "../../server/protocol/watch.ts"
import { clock } from "./incident-story.ts"

export function postMortem(story: IncidentStory): string[] {
  const { id, check, summary, openedAt, closedAt, cause, suspects, notes } = story
  const lasted = closedAt === undefined ? "not over yet" : formatDuration(closedAt - openedAt)
  return [
    `# Incident ${id}: ${plain(check)}`,
    "",
    `From ${clock(openedAt)} UTC, ${lasted}. ${plain(summary)}`,
    "",
    "## Cause",
    cause === undefined ? "(to be written)" : plain(cause),
    "",
    "## Changed before it",
    ...(suspects.length === 0 ? ["Nothing that is known."] : suspects.map(({ what, because }) => `- ${plain(what)}, ${because}`)),
    "",
    "## Timeline (UTC)",
    ...notes.map(({ at, kind, text, by }) => `- ${clock(at)} ${kind}${by === undefined ? "" : ` (${plain(by)})`}: ${plain(text)}`),
    "",
    "## What users felt",
    "(to be written)",
    "",
    "## What is done so that it does not come again",
    "(to be written)",
  ]
}

/** Text from applications is text, and no Markdown. */
const plain = (text: string) => text.replaceAll(/[\\`*_{}[\]<>#|]/g, String.raw`\$&`).replaceAll(/\s+/g, " ")

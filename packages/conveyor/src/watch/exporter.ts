// The port to other systems that watch: they are shown how everything stands, again and again. Adapters in export/; called by the watch.
import type { Standing } from "./judgement/judge.ts"
import type { Incident } from "./incidents/incident.ts"

export interface ShownCheck {
  name: string
  standing: Standing
  summary: string
}

export interface Shown {
  at: number
  checks: readonly ShownCheck[]
  open: readonly Incident[]
}

export interface Exporter {
  name: string
  everyMs: number
  /** @throws where it was not taken; shown again next time. */
  show: (shown: Shown, signal: AbortSignal) => Promise<void>
}

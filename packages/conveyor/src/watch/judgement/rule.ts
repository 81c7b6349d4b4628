// When findings become an incident, and when it is over. Read from conveyor.yml; obeyed by judge.ts.

export interface Rule {
  /** Problems in a row that open an incident. */
  openAfter: number
  /** Findings that are fine in a row that close it: a rule of its own, so that one lucky answer ends nothing. */
  closeAfter: number
  /** Findings in a row that nobody could get, until that is told as such. */
  unknownAfter: number
  /** Changes between fine and problem within the window, from which on it flaps; the incident is then held open. */
  flapsFrom: number
}

export const defaultRule: Rule = { openAfter: 3, closeAfter: 2, unknownAfter: 5, flapsFrom: 6 }

/** How many findings back flapping is looked for. */
export const flapWindow = 21

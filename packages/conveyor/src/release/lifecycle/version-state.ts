// The states of a version, and what may be asked of it in each: the one table that the keeper, the status, the gates of
// contract and abort, and retire, rollback and promote go by. Pure; seen.ts gathers the facts.

export interface VersionFacts {
  artifact: "built" | "none"
  /** In the newest table that any edge has. */
  routed: "current" | "old" | "no"
  /** "doubted": an edge is silent, or routes by another table, or the table was lost. */
  routing: "known" | "doubted"
  /** Its rollback window. */
  window: "none" | "open" | "over"
  /** "some": any copy is known or wanted, whatever state it is in. */
  copies: "some" | "none"
  /** What a run that has not done yet what was asked has to do with it. */
  run: "starts-it" | "bakes-it" | "takes-it-back" | "rolls-back-to-it" | "may-go-back-to-it" | "none"
}

export const versionStates = [
  /** Something of it is left that nobody needs, but nobody can say whether an edge still sends it users. */
  "unknown",
  "unbuilt",
  "starting",
  "baking",
  "going-back",
  "returning",
  "current",
  /** What the run under way goes back to if the new version is bad. */
  "fallback",
  /** An old version that still has pages or requests of its own. */
  "serving",
  "warm",
  "stopping",
  "stopped",
] as const
export type VersionState = (typeof versionStates)[number]

const stateInRun = {
  "starts-it": "starting",
  "bakes-it": "baking",
  "takes-it-back": "going-back",
  "rolls-back-to-it": "returning",
} as const satisfies Partial<Record<VersionFacts["run"], VersionState>>

export function versionState({ artifact, routed, routing, window, copies, run }: VersionFacts): VersionState {
  if (run !== "none" && run !== "may-go-back-to-it") return stateInRun[run]
  if (routed === "current") return "current"
  if (run === "may-go-back-to-it") return "fallback"
  if (routed === "old" && window !== "over") return "serving"
  if (window === "open") return "warm"
  const isLeft = routed === "old" || window === "over" || copies === "some"
  if (!isLeft) return artifact === "none" ? "unbuilt" : "stopped"
  return routing === "doubted" ? "unknown" : "stopping"
}

export interface Asked {
  /** Go back to it. */
  rollback: Answer
  /** End its rollback window now. */
  retire: Answer
  /** Take it as it is, while it bakes. */
  promote: Answer
  /** Take away, by contract or abort, what it needs of the schema. */
  drop: Answer
  /** See that it is wanted of the runtime. */
  keep: Answer
  /** See that requests find those of its copies that are well, and no others. */
  route: Answer
  /** Stop its copies. */
  stop: Answer
}

/** "done": it is so already. "hold": not before it is known who serves. */
export type Answer = "yes" | "no" | "done" | "hold"

export const versionMay: Readonly<Record<VersionState, Readonly<Asked>>> = {
  unknown: { rollback: "yes", retire: "done", promote: "no", drop: "hold", keep: "no", route: "no", stop: "hold" },
  unbuilt: { rollback: "no", retire: "done", promote: "no", drop: "yes", keep: "no", route: "no", stop: "done" },
  // The run decides itself what becomes of its version, also before it is carried on after a crash.
  starting: { rollback: "no", retire: "no", promote: "no", drop: "no", keep: "no", route: "yes", stop: "no" },
  baking: { rollback: "no", retire: "no", promote: "yes", drop: "no", keep: "no", route: "yes", stop: "no" },
  "going-back": { rollback: "no", retire: "no", promote: "no", drop: "no", keep: "no", route: "yes", stop: "no" },
  returning: { rollback: "yes", retire: "no", promote: "no", drop: "no", keep: "no", route: "yes", stop: "no" },
  current: { rollback: "yes", retire: "no", promote: "no", drop: "no", keep: "yes", route: "yes", stop: "no" },
  fallback: { rollback: "yes", retire: "no", promote: "no", drop: "no", keep: "yes", route: "yes", stop: "no" },
  serving: { rollback: "yes", retire: "yes", promote: "no", drop: "no", keep: "yes", route: "yes", stop: "no" },
  warm: { rollback: "yes", retire: "yes", promote: "no", drop: "no", keep: "yes", route: "yes", stop: "no" },
  stopping: { rollback: "yes", retire: "done", promote: "no", drop: "no", keep: "no", route: "no", stop: "yes" },
  stopped: { rollback: "yes", retire: "done", promote: "no", drop: "yes", keep: "no", route: "no", stop: "done" },
}

/** After the version's name. */
export const stateInWords: Readonly<Record<VersionState, string>> = {
  unknown: "may still serve requests: not every edge says what it routes by",
  unbuilt: "was never built",
  starting: "is being released",
  baking: "bakes",
  "going-back": "is being taken back",
  returning: "is being rolled back to",
  current: "is the current version",
  fallback: "is what the run under way may go back to",
  serving: "still serves requests",
  warm: "is kept warm",
  stopping: "is being stopped",
  stopped: "is stopped",
}

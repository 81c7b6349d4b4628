// What the lint finds. Made by its rules; read by expand and by `conveyor change lint`.

/** What a rule has to say. */
export interface Remark {
  /** Stable name of the rule; an operation's `allow` takes it. */
  rule: string
  /** An error is refused by expand; a warning is shown. */
  severity: "error" | "warning"
  message: string
  safeWay: string
}

/** The same, with its place. */
export interface Finding extends Remark {
  file: string
  line: number
  column: number
  /** Where in the file: "operations.0.sql.expand". */
  key: string
}

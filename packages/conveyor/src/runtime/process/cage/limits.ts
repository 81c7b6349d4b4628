// What a command or a copy may take of its machine. Named by conveyor.yml, enforced by a cgroup or, where none can be
// made, by what a process may be told itself.

export interface Limits {
  /** Cores; 0.5 is half of one. */
  cpu?: number | undefined
  /** Bytes. */
  memory?: number | undefined
  /** Processes and threads at once. */
  processes?: number | undefined
  /** Open files of each process. */
  files?: number | undefined
}

/** Low gives way to everything that serves users. */
export type Priority = "normal" | "low"

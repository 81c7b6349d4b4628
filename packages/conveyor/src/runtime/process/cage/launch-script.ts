// The few lines of shell between a fork and the command itself: into the control groups, limits, priority. They run as
// whoever started them, before anything of the command does, and keep the pid. Called by cages.
import type { Priority } from "./limits.ts"

export interface Launch {
  procsFiles: readonly string[]
  /** Open files of each process. */
  files: number | undefined
  priority: Priority
}

/** For `sh -c <script> <command line>`. What is missing on a machine (ionice) is left out there, not failed on. */
export function launchScript({ procsFiles, files, priority }: Launch): string {
  const lines = procsFiles.map((file) => `echo $$ > ${file} 2>/dev/null`)
  if (files !== undefined) lines.push(`ulimit -n ${files}`)
  if (priority === "low") lines.push("renice -n 10 -p $$ >/dev/null 2>&1", "ionice -c 3 -p $$ >/dev/null 2>&1")
  return [...lines, 'eval "$0"'].join("\n")
}

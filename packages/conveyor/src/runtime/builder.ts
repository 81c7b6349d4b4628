// The port to whatever turns a commit into an artifact. Called by the release steps build and test, and by whoever
// needs a file of a commit, built or not.
import type { ArtifactRef } from "../kernel/artifact.ts"
import type { Environment } from "../kernel/secret.ts"

export interface CommandRun {
  command: string
  environment: Environment
  /** How long the command may take, in milliseconds; then it is ended, and all that it has begun. */
  withinMs: number
  signal: AbortSignal
  /** Lines that the command prints, both streams: as many a second as a person can follow, none longer than a few kilobytes. */
  onLine: (line: string) => void
}

export interface Builder {
  /** The full commit id and first message line of anything that git can resolve. @throws ConveyorError "no-such-commit" */
  resolve(revision: string): Promise<{ commit: string; subject: string }>
  /** A file's text as the commit has it, or undefined. */
  readFile(commit: string, path: string): Promise<string | undefined>
  /** Names of the files directly in a folder, as the commit has it; none where there is no such folder. */
  listFiles(commit: string, folder: string): Promise<string[]>
  /** Builds the commit's artifact once; a second call finds it. @throws ConveyorError "command-failed" or "command-timed-out" with the last lines. */
  build(commit: string, run: Omit<CommandRun, "command"> & { command: string | undefined }): Promise<ArtifactRef>
  /** Runs a command in a throw-away copy of the artifact. @throws ConveyorError "command-failed" or "command-timed-out" with the last lines. */
  runIn(artifact: ArtifactRef, run: CommandRun): Promise<void>
}

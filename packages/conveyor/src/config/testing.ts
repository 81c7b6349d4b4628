// What is wrong with a conveyor.yml, for tests of what it may say.
import { BadFileError } from "../kernel/yaml/bad-file-error.ts"
import type { Complaint } from "../kernel/yaml/bad-file-error.ts"
import { loadConfig } from "./load-config.ts"

/** None where the file is taken. */
export function complaintsOf(text: string, variables: Readonly<Record<string, string>> = {}): readonly Complaint[] {
  try {
    loadConfig(text, "conveyor.yml", variables)
  } catch (thrown) {
    if (thrown instanceof BadFileError) return thrown.complaints
    throw thrown
  }
  return []
}

// What is published: each package of the workspace under its public name, with the programs and modules that it is built from.
// Read by pack.ts.

export interface Published {
  /** Of the workspace. */
  folder: string
  name: string
  /** By command: where it begins. Built with everything that they reach. */
  bin: Readonly<Record<string, string>>
  /** By what is imported. */
  exports: Readonly<Record<string, string>>
  /** Programs that others start by their file. */
  programs: readonly string[]
  /** node:sqlite is there without a flag since 22.13. */
  node: string
}

export const published: readonly Published[] = [
  {
    folder: "packages/conveyor",
    name: "@conveyor-release/conveyor",
    bin: { conveyor: "cli/main.ts" },
    exports: {},
    programs: ["server/installation/proc-receive.ts", "edge/embedded/process/main.ts", "edge/embedded/process/worker-main.ts"],
    node: ">=22.13",
  },
  {
    folder: "packages/witness",
    name: "@conveyor-release/witness",
    bin: { witness: "main.ts" },
    exports: { ".": "witness.ts", "./scenario": "scenario.ts", "./result": "result.ts" },
    programs: [],
    node: ">=22.13",
  },
]

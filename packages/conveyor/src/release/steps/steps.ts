// Every step by its name. Read by run.ts.
import type { StepName } from "../plan.ts"
import { abort } from "./abort.ts"
import { backfill } from "./backfill.ts"
import { bake } from "./bake.ts"
import { build } from "./build.ts"
import { contract } from "./contract.ts"
import { expand } from "./expand.ts"
import { repack } from "./repack.ts"
import { retire } from "./retire.ts"
import { start } from "./start.ts"
import type { Step } from "./step.ts"
import { switchStep } from "./switch.ts"
import { test } from "./test.ts"
import { verify } from "./verify.ts"

export const steps: Readonly<Record<StepName, Step>> = {
  build,
  test,
  expand,
  backfill,
  start,
  verify,
  switch: switchStep,
  bake,
  retire,
  contract,
  abort,
  repack,
}

// What the keeper did or saw, as facts. Published by the control plane.
import type { Copy, RuntimeEvent } from "../../runtime/runtime.ts"

export type KeeperAct =
  | RuntimeEvent
  /** It runs and was not well several times in a row: it is ended, so that another takes its place. */
  | { event: "given-up"; copy: Copy; reason: string }
  /** Nothing was recorded of what a kept version wants; it was asked of its commit. */
  | { event: "wanted-again"; version: string }
  | { event: "stopping"; version: string }
  | { event: "draining"; version: string; waitsFor: string }
  | { event: "not-stopped"; version: string; because: string }

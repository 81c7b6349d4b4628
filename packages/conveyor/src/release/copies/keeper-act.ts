// What the keeper did or saw, as facts. Published by the control plane.
import type { RuntimeEvent } from "../../runtime/runtime.ts"

export type KeeperAct =
  | RuntimeEvent
  /** Nothing was recorded of what a kept version wants; it was asked of its commit. */
  | { event: "wanted-again"; version: string }
  | { event: "stopping"; version: string }
  | { event: "draining"; version: string; waitsFor: string }
  | { event: "not-stopped"; version: string; because: string }

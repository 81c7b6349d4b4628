// Which Conveyor this is. Said by `conveyor --version`, written down by a control plane, and compared by `conveyor doctor`.
import { createRequire } from "node:module"

const manifest = createRequire(import.meta.url)("../../../package.json") as { version: string }

export const programVersion: string = manifest.version

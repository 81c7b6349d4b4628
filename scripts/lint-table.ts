// Writes docs/lint.md anew, from what the lint says: node scripts/lint-table.ts
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { lintTable } from "../packages/conveyor/src/change/lint/lint-table.ts"

writeFileSync(join(import.meta.dirname, "../docs/lint.md"), await lintTable())

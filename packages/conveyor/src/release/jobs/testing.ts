// Jobs on a file of their own, for tests of what is beside them. Used by tests alone.
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Ports } from "../ports.ts"
import { JobBook } from "./job-book.ts"
import { Jobs } from "./jobs.ts"

export const idleJobs = (ports: Ports): Jobs => new Jobs(ports, new JobBook(join(mkdtempSync(join(tmpdir(), "conveyor-jobs-")), "jobs.db")))

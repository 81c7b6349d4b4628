// A watch that watches nothing, for tests of what is beside it. Used by tests alone.
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Ports } from "../../release/ports.ts"
import { Book } from "../../watch/book/book.ts"
import { Watching } from "./watching.ts"
import type { WatchParts } from "./watching.ts"

export function idleWatching(ports: Ports, parts: Partial<WatchParts> = {}): Watching {
  const book = new Book(join(mkdtempSync(join(tmpdir(), "watching-")), "watch.db"))
  const nothing = {
    standing: [],
    copyPace: undefined,
    users: "unwatched" as const,
    notifiers: [],
    audiences: [],
    exporters: [],
    goal: 0.9995,
    service: "shop",
    installation: "i1",
  }
  return new Watching({ book, ...nothing, ...parts }, ports)
}

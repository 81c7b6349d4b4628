// What the conveyor remembers, as four ports: a journal, versions, a queue, and the lease that every write is fenced by. It
// is a record and not the truth: copies, shards and the edge know their own state. An adapter is opened by wiring/.
import type { Journal } from "./journal.ts"
import type { Lease } from "./lease.ts"
import type { Queue } from "./queue.ts"
import type { Versions } from "./versions.ts"

export interface Store {
  journal: Journal
  versions: Versions
  queue: Queue
  lease: Lease
  close: () => Promise<void>
}

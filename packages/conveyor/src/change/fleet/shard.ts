// Where a shard of the fleet is. Given by the configuration, through the wiring, to everything that opens a session.

/** One database of the fleet. */
export interface ShardSpec {
  name: string
  url: string
  /** Shards of one server share its limit of work at once. Defaults to host:port of the URL. */
  server?: string
}

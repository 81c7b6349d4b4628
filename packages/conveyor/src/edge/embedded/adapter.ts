// One member of the edge, spoken to over its admin API. Called by the edge set; holds no state of its own.
import type { EdgeMember } from "../edge.ts"
import { parseRoutingTable } from "../table.ts"
import { ask } from "./admin/ask.ts"
import type { AdminAddress } from "./admin/ask.ts"
import { certificatesAnswer, comparisonAnswer, hello, pagesAnswer, tableAnswer, trafficAnswer } from "./admin/protocol.ts"

export interface EmbeddedEdgeOptions extends AdminAddress {
  name?: string
}

export function createEmbeddedEdge({ name = "edge", ...address }: EmbeddedEdgeOptions): EdgeMember {
  const get = (path: string, signal: AbortSignal) => ask(address, { method: "GET", path }, signal)
  return {
    name,
    capabilities: async (signal) => hello.parse(await get("/v1/hello", signal)).capabilities,
    async apply(table, signal) {
      await ask(address, { method: "PUT", path: "/v1/table", body: JSON.stringify(table) }, signal)
    },
    async table(signal) {
      const { table } = tableAnswer.parse(await get("/v1/table", signal))
      return table === undefined ? undefined : parseRoutingTable(table)
    },
    traffic: async (signal) => trafficAnswer.parse(await get("/v1/traffic", signal)),
    comparison: async (signal) => comparisonAnswer.parse(await get("/v1/comparison", signal)).comparison,
    async certificates(how, signal) {
      const method = how === "read-anew" ? "POST" : "GET"
      return certificatesAnswer.parse(await ask(address, { method, path: "/v1/certificates" }, signal)).certificates
    },
    pages: async (signal) => pagesAnswer.parse(await get("/v1/pages", signal)),
  }
}

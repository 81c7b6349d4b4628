// The embedded edge keeps the promises of every edge, as a process of its own.
import { describeEdgePort } from "../edge.contract.ts"
import { embeddedEdge } from "./embedded-edge.ts"

describeEdgePort("embedded edge", () => embeddedEdge())

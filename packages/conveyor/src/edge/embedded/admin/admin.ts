// The edge's admin API, for the control plane alone: on loopback, behind a bearer token. Made by the edge process;
// spoken to by the adapter.
//   PUT /v1/table        a routing table; answered when it is on disk and in use; 409 where it is stale
//   GET /v1/table        the table in use
//   GET /v1/traffic      what is under way, and the counters
//   GET /v1/pages        pages that are open, told and reloaded
//   GET /v1/comparison   what two versions did with the same requests
//   GET /v1/certificates what TLS is spoken with; POST reads their files anew first
//   GET /v1/hello        what this edge can do
import { createHash, timingSafeEqual } from "node:crypto"
import { createServer } from "node:http"
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import { kindOf } from "../../../kernel/errors/error-catalogue.ts"
import { ConveyorError, describe } from "../../../kernel/errors/errors.ts"
import type { Certificate, Comparison, EdgeCapability, RoutingTable, VersionPages, VersionTraffic } from "../../edge.ts"
import { parseRoutingTable } from "../../table.ts"
import { assertSameProtocol, edgeProtocol, protocolHeader } from "./protocol.ts"

export interface AdminActions {
  apply(table: RoutingTable): Promise<void>
  table(): RoutingTable | undefined
  traffic(): Record<string, VersionTraffic>
  pages(): Record<string, VersionPages>
  comparison(): Comparison | undefined
  certificates(how: "as-they-are" | "read-anew"): Promise<readonly Certificate[]>
}

const capabilities: readonly EdgeCapability[] = ["rescue", "pages", "compare"]
const maxTableBytes = 8 * 1_048_576

export function createAdmin(token: string, actions: AdminActions): Server {
  return createServer((request, response) => {
    answer(request, token, actions).then(
      (result) => reply(response, 200, result),
      (thrown: unknown) => replyError(response, thrown),
    )
  })
}

async function answer(request: IncomingMessage, token: string, actions: AdminActions): Promise<unknown> {
  if (!sameSecret(request.headers.authorization ?? "", `Bearer ${token}`)) {
    throw new ConveyorError("wrong-token", "The edge does not know this token", {
      hint: "Use the token file in the edge's state directory.",
    })
  }
  const said = request.headers[protocolHeader]
  assertSameProtocol(typeof said === "string" ? said : undefined, "control plane")
  switch (`${request.method} ${request.url}`) {
    case "PUT /v1/table": {
      const table = parseRoutingTable(await readJson(request))
      await actions.apply(table)
      return { generation: table.generation }
    }
    case "GET /v1/table":
      return { table: actions.table() }
    case "GET /v1/traffic":
      return actions.traffic()
    case "GET /v1/pages":
      return actions.pages()
    case "GET /v1/comparison":
      return { comparison: actions.comparison() }
    case "GET /v1/certificates":
      return { certificates: await actions.certificates("as-they-are") }
    case "POST /v1/certificates":
      return { certificates: await actions.certificates("read-anew") }
    case "GET /v1/hello":
      return { capabilities }
    default:
      throw new ConveyorError("no-such-action", `The edge's admin API has no ${request.method} ${request.url}`)
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxTableBytes) throw new ConveyorError("bad-routing-table", `A routing table may have ${maxTableBytes} bytes at most`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"))
  } catch (cause) {
    throw new ConveyorError("bad-routing-table", `The routing table is not JSON: ${describe(cause)}`, { cause })
  }
}

// Hashing first gives both sides one length, which the comparison needs.
function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

function reply(response: ServerResponse, status: number, result: unknown): void {
  const body = JSON.stringify(result)
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    [protocolHeader]: String(edgeProtocol),
    connection: "close",
  })
  response.end(body)
}

function replyError(response: ServerResponse, thrown: unknown): void {
  const error = thrown instanceof ConveyorError ? thrown : new ConveyorError("edge-failed", describe(thrown))
  reply(response, kindOf(error.code).status, { code: error.code, message: error.message, facts: error.facts, hint: error.hint })
}

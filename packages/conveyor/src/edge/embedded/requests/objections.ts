// What of a request two readers could understand differently, past what Node's parser refuses: such a request reaches no
// copy. Pure; called by the proxy before anything else.
import type { IncomingMessage } from "node:http"
import type { edgeAnswers } from "./answers.ts"

const host = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d{0,5})?$/i

export function objectionTo(request: IncomingMessage): keyof typeof edgeAnswers | undefined {
  const coding = request.headers["transfer-encoding"]
  if (request.httpVersionMajor !== 1) return "unknownVersion"
  if (coding !== undefined && request.httpVersion === "1.0") return "badRequest"
  if (coding !== undefined && coding.toLowerCase() !== "chunked") return "unknownCoding"
  const hosts = request.headersDistinct["host"] ?? []
  return hosts.length > 1 || hosts.some((each) => !host.test(each)) ? "badRequest" : undefined
}

export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0

// Who a client is, and how a copy is told: one place that decides both. Called by the exchange and the upgrade.
import type { ClientRequest } from "../client/client-request.ts"
import type { EdgeSettings } from "../settings.ts"

export interface Identity {
  /** What limits and evidence know the client by. */
  address: string
  /** Lines for the copy, with their line breaks. */
  fields: string
}

/** What only the edge says of a client: whatever else says it stays behind. */
export const identityFields = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"] as const

export function identify(request: ClientRequest, { forwardedFor }: Pick<EdgeSettings, "forwardedFor">): Identity {
  const { peer, head } = request
  const said = (name: string) => (forwardedFor === "append" ? request.header(name) : undefined)
  const chain = said("x-forwarded-for")
  const host = said("x-forwarded-host") ?? head.authority
  const protocol = said("x-forwarded-proto") ?? (peer.isEncrypted ? "https" : "http")
  const lines = [`x-forwarded-for: ${chain === undefined ? "" : `${chain}, `}${peer.address}\r\n`, `x-forwarded-proto: ${protocol}\r\n`]
  if (host !== undefined) lines.push(`x-forwarded-host: ${host}\r\n`)
  return { address: peer.address, fields: lines.join("") }
}

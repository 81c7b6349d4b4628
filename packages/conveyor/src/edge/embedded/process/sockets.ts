// The listening sockets of an edge, bound and held by its guard, which never accepts on them. As long as anybody holds them,
// the kernel keeps newcomers waiting, whoever dies.
import { getSystemErrorName } from "node:util"
import net from "node:net"
import { ConveyorError } from "../../../kernel/errors/errors.ts"
import type { Address } from "./address-file.ts"

/** A handle of Node that is bound and does not accept; there is no public way to have one, and Node's own cluster has it so. */
interface BoundHandle {
  fd: number
  getsockname(out: { address?: string; port?: number }): number
}

type CreateHandle = (host: string, port: number, family: 4 | 6, fd: -1) => BoundHandle | number

const { _createServerHandle: createHandle } = net as unknown as { _createServerHandle: CreateHandle }

// What is bound must stay referenced, or it is closed.
const held: BoundHandle[] = []

/** Gives the descriptor. @throws ConveyorError "port-occupied", "cannot-listen" */
export function bind({ host, port }: Address): number {
  const handle = createHandle(host, port, host.includes(":") ? 6 : 4, -1)
  if (typeof handle === "number") throw cannotListen({ host, port }, handle)
  const bound: { port?: number } = {}
  handle.getsockname(bound)
  // An address in use is told only when somebody listens; until then the socket is simply not bound.
  if (bound.port === undefined || bound.port === 0 || (port !== 0 && bound.port !== port)) throw occupied({ host, port })
  held.push(handle)
  return handle.fd
}

function occupied({ host, port }: Address): ConveyorError {
  return new ConveyorError("port-occupied", `Port ${port} of ${host} is taken by another program`, {
    facts: { host, port },
    hint: `Stop that program, or give the edge another port (\`ss -ltnp sport = :${port}\` names it).`,
  })
}

function cannotListen({ host, port }: Address, code: number): ConveyorError {
  const facts = { host, port, code }
  return new ConveyorError("cannot-listen", `The edge cannot listen on ${host}:${port} (${getSystemErrorName(code)})`, {
    facts,
    hint: "Is the address one of this machine, and may this user listen on the port?",
  })
}

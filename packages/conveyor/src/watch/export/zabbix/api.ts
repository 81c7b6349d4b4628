// Zabbix' JSON-RPC API, as far as an installation needs it. Called by connect.ts.
import { z } from "zod"
import { ConveyorError, describe } from "../../../kernel/errors/errors.ts"

export interface ZabbixAccess {
  /** Of the frontend: http://zabbix.example/zabbix */
  url: string
  /** An API token, or a user with his password. */
  token?: string | undefined
  user?: string | undefined
  password?: string | undefined
}

export type Call = <T>(method: string, params: object) => Promise<T>

const answerSchema = z.union([
  z.object({ error: z.object({ message: z.string(), data: z.string().default("") }) }),
  z.object({ result: z.unknown() }),
])

/** Signed in; `end` signs out where it was with a password. @throws ConveyorError "not-reachable", "zabbix-refused" */
export async function openZabbix(access: ZabbixAccess, signal: AbortSignal): Promise<{ call: Call; end: () => Promise<void> }> {
  const version = await rpc<string>(access.url, "apiinfo.version", {}, undefined, signal)
  // Since 6.4 the token goes in the head, since 7.2 nowhere else.
  const how: Way = Number.parseFloat(version) >= 6.4 ? "head" : "body"
  const token =
    access.token ?? (await rpc<string>(access.url, "user.login", { username: access.user, password: access.password }, undefined, signal))
  const call: Call = (method, params) => rpc(access.url, method, params, { token, how }, signal)
  return {
    call,
    end: async () => {
      if (access.token === undefined) await call("user.logout", []).catch(() => {})
    },
  }
}

type Way = "head" | "body"

async function rpc<T>(
  url: string,
  method: string,
  params: object,
  auth: { token: string; how: Way } | undefined,
  signal: AbortSignal,
): Promise<T> {
  const response = await fetch(`${url.replace(/\/$/, "")}/api_jsonrpc.php`, {
    method: "POST",
    headers: {
      "content-type": "application/json-rpc",
      ...(auth?.how === "head" && { authorization: `Bearer ${auth.token}` }),
    },
    body: JSON.stringify({ jsonrpc: "2.0", method, params, id: 1, ...(auth?.how === "body" && { auth: auth.token }) }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]),
  }).catch((cause: unknown) => {
    throw new ConveyorError("not-reachable", `Zabbix' API at ${url} does not answer: ${describe(cause)}`, { facts: { url }, cause })
  })
  const answer = answerSchema.safeParse(await response.json().catch(() => undefined))
  if (!answer.success) {
    throw new ConveyorError("not-reachable", `${url} is not Zabbix' API: it answered ${response.status}, and not as that does`, {
      facts: { url, status: response.status },
      hint: "watch.zabbix.api.url in conveyor.yml is the frontend's address, without api_jsonrpc.php.",
    })
  }
  if ("error" in answer.data) throw refused(method, `${answer.data.error.message} ${answer.data.error.data}`)
  return answer.data.result as T
}

const refused = (method: string, said: string) =>
  new ConveyorError("zabbix-refused", `Zabbix refuses ${method}: ${said}`, {
    facts: { method },
    hint: "The user or token needs the rights to make host groups, hosts, items and triggers (role Admin or Super admin).",
  })

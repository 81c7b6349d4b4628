import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import type { IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { test } from "node:test"
import { ManualClock } from "../../kernel/time/clock.ts"
import type { Letter } from "../telling/notifier.ts"
import { telegram } from "./telegram.ts"
import { signatureOf, slack, webhook } from "./webhook.ts"

const signal = new AbortController().signal
const clock = new ManualClock(1_700_000_000_000)
const letter: Letter = {
  id: "i1-7-opened",
  subject: "[shop] PROBLEM: <b>shop</b>",
  text: "/start *bold* <script>alert(1)</script>",
  transition: "opened",
  incidents: [],
  thread: undefined,
}

interface Got {
  url: string
  headers: IncomingHttpHeaders
  body: string
}

async function withServer(
  answer: (got: Got) => { status: number; body?: object; headers?: Record<string, string> },
  work: (url: string, got: Got[]) => Promise<void>,
): Promise<void> {
  const all: Got[] = []
  const server = createServer(async (request, response) => {
    const got = { url: request.url ?? "", headers: request.headers, body: await text(request) }
    all.push(got)
    const { status, body: answered = {}, headers = {} } = answer(got)
    response.writeHead(status, { "content-type": "application/json", connection: "close", ...headers }).end(JSON.stringify(answered))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, all)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

/** The rules that the Bot API publishes for sendMessage, as far as a bot can break them. */
function botApi({ url, body }: Got): { status: number; body: object } {
  const refuse = (status: number, description: string, parameters?: object) => ({
    status,
    body: { ok: false, error_code: status, description, ...(parameters && { parameters }) },
  })
  if (url !== "/bot123456:TOKEN/sendMessage") return refuse(401, "Unauthorized")
  const { chat_id: chat, text: said, parse_mode: parseMode } = JSON.parse(body) as Record<string, string>
  if (chat === "slow") return refuse(429, "Too Many Requests: retry after 35", { retry_after: 35 })
  if (chat === "moved") return refuse(400, "Bad Request: group chat was upgraded", { migrate_to_chat_id: -100123 })
  if (chat === "blocked") return refuse(403, "Forbidden: bot was blocked by the user")
  if (said === undefined || said.length === 0 || said.length > 4_096) return refuse(400, "Bad Request: message is too long")
  if (parseMode !== undefined) return refuse(400, "Bad Request: can't parse entities")
  return { status: 200, body: { ok: true, result: { message_id: 42 } } }
}

const bot = (server: string, chat: string, token = "123456:TOKEN") => telegram({ name: "chat", language: "ru", token, chat, server })

test("Telegram: a letter is plain text of at most 4,096 characters, and what follows answers it", () =>
  withServer(botApi, async (url, got) => {
    assert.deepEqual(await bot(url, "-100").send(letter, signal), { kind: "sent", thread: "42" })
    assert.deepEqual(await bot(url, "-100").send({ ...letter, thread: "42", text: "щ".repeat(9_000) }, signal), {
      kind: "sent",
      thread: "42",
    })
    const second = JSON.parse(got[1]?.body ?? "") as { text: string; reply_parameters: { message_id: number } }
    assert.equal(second.reply_parameters.message_id, 42)
    assert.equal(second.text.length, 4_096)
  }))

test("Telegram: as long as it asks for patience it is not asked, and what it refuses for good is not asked again", () =>
  withServer(botApi, async (url) => {
    assert.deepEqual(await bot(url, "slow").send(letter, signal), {
      kind: "later",
      reason: "answered 429: Too Many Requests: retry after 35",
      afterMs: 35_000,
    })
    assert.equal((await bot(url, "blocked").send(letter, signal)).kind, "never")
    assert.equal((await bot(url, "-100", "123456:REVOKED").send(letter, signal)).kind, "never")
    assert.match(JSON.stringify(await bot(url, "moved").send(letter, signal)), /never.*-100123/)
  }))

test("Telegram: the token is in no reason", async () => {
  const delivery = await bot("http://127.0.0.1:1", "-100").send(letter, signal)
  assert.equal(delivery.kind, "later")
  assert.doesNotMatch(JSON.stringify(delivery), /TOKEN/)
})

test("a webhook is signed over its moment and its body, and says the same id at each try", () =>
  withServer(
    () => ({ status: 204 }),
    async (url, got) => {
      const hook = webhook({ name: "hook", language: "en", url, secret: "s3" }, clock)
      assert.deepEqual(await hook.send(letter, signal), { kind: "sent" })
      const [first] = got
      assert.equal(first?.headers["idempotency-key"], "i1-7-opened")
      assert.equal(first?.headers["x-conveyor-signature"], `t=1700000000,v1=${signatureOf("s3", 1_700_000_000, first?.body ?? "")}`)
      assert.notEqual(signatureOf("s3", 1_700_000_000, "another body"), signatureOf("s3", 1_700_000_000, first?.body ?? ""))
    },
  ))

test("a webhook that asks for patience gets it; one that leads elsewhere is not followed", () =>
  withServer(
    ({ url }) => (url === "/busy" ? { status: 503, headers: { "retry-after": "120" } } : { status: 302, headers: { location: "/inside" } }),
    async (url, got) => {
      const hook = (path: string) => webhook({ name: "hook", language: "en", url: url + path }, clock)
      assert.deepEqual(await hook("/busy").send(letter, signal), { kind: "later", reason: "answered 503: {}", afterMs: 120_000 })
      assert.equal((await hook("/away").send(letter, signal)).kind, "never")
      assert.deepEqual(
        got.map((each) => each.url),
        ["/busy", "/away"],
      )
    },
  ))

test("Slack reads no markup in what applications say", () =>
  withServer(
    () => ({ status: 200 }),
    async (url, got) => {
      await slack({ name: "lead", language: "en", url }, clock).send(letter, signal)
      const { text: said } = JSON.parse(got[0]?.body ?? "") as { text: string }
      assert.match(said, /&lt;script&gt;/)
      assert.doesNotMatch(said, /[<>]/)
    },
  ))

import assert from "node:assert/strict"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { text } from "node:stream/consumers"
import { test } from "node:test"
import { SMTPServer } from "smtp-server"
import type { Letter } from "../telling/notifier.ts"
import { smtp } from "./smtp.ts"

const signal = new AbortController().signal
const letter: Letter = {
  id: "i1-7-opened",
  subject: "[shop] PROBLEM: shop\r\nBcc: everybody@example.org",
  text: "answered 500\n.\nDATA",
  transition: "opened",
  incidents: [],
  thread: undefined,
}

/** A real server of mail; what it answers to who is to get it is the test's to say. */
async function withServer(answerTo: () => Error | undefined, work: (url: string, mails: string[]) => Promise<void>): Promise<void> {
  const mails: string[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onAuth: ({ username, password }, _, done) =>
      username === "duty" && password === "right" ? done(null, { user: username }) : done(new Error("wrong password")),
    onRcptTo: (_address, _, done) => done(answerTo()),
    onData: async (stream, _, done) => {
      mails.push(await text(stream))
      done()
    },
  })
  server.on("error", () => {})
  server.listen(0, "127.0.0.1")
  await once(server.server, "listening")
  try {
    await work(`127.0.0.1:${(server.server.address() as AddressInfo).port}`, mails)
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
}

const to = (url: string) => smtp({ name: "duty", language: "en", url, from: "Shop <conveyor@shop.example>", to: ["duty@shop.example"] })
const refusal = (code: number) => Object.assign(new Error("no"), { responseCode: code })

test("a letter arrives with its id, and nothing in it can become a head or a command", () =>
  withServer(
    () => undefined,
    async (host, mails) => {
      assert.deepEqual(await to(`smtp://${host}`).send(letter, signal), { kind: "sent", thread: "<i1-7-opened@shop.example>" })
      await to(`smtp://${host}`).send({ ...letter, id: "i1-7-closed", thread: "<i1-7-opened@shop.example>" }, signal)
      const [first = "", second = ""] = mails
      assert.match(first, /^Message-ID: <i1-7-opened@shop\.example>/im)
      assert.doesNotMatch(first, /^Bcc:/im)
      assert.match(first, /answered 500\r\n\.\r\nDATA/)
      assert.match(second, /^In-Reply-To: <i1-7-opened@shop\.example>/im)
    },
  ))

for (const [what, code, kind] of [
  ["greylisting passes", 451, "later"],
  ["an unknown mailbox does not", 550, "never"],
] as const) {
  test(`${what}: ${code} is ${kind}`, () =>
    withServer(
      () => refusal(code),
      async (host, mails) => {
        assert.equal((await to(`smtp://${host}`).send(letter, signal)).kind, kind)
        assert.deepEqual(mails, [])
      },
    ))
}

test("a wrong password is told as such, and is nowhere in what is told", () =>
  withServer(
    () => undefined,
    async (host) => {
      const delivery = await to(`smtp://duty:secret-of-duty@${host}`).send(letter, signal)
      assert.equal(delivery.kind, "never")
      assert.doesNotMatch(JSON.stringify(delivery), /secret-of-duty/)
    },
  ))

test("nobody there, and who breaks off, is tried again later", async () => {
  const breaking = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1")
  await once(breaking, "listening")
  const { port } = breaking.address() as AddressInfo
  try {
    assert.equal((await to(`smtp://127.0.0.1:${port}`).send(letter, signal)).kind, "later")
  } finally {
    breaking.close()
  }
  assert.equal((await to(`smtp://127.0.0.1:${port}`).send(letter, signal)).kind, "later")
})

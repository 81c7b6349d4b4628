// Connections to copies as they are: a copy here is a bare server that says what a test tells it, byte by byte.
import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:net"
import type { AddressInfo, Socket } from "node:net"
import { test } from "node:test"
import type { RoutingTable, Target } from "../../edge.ts"
import { soon } from "../../contract/traffic.ts"
import { edgeSettings } from "../settings.ts"
import type { EdgeSettings } from "../settings.ts"
import type { Answer } from "./answer.ts"
import type { Outcome, Question } from "./asking.ts"
import { Upstreams } from "./upstreams.ts"

interface Stage {
  upstreams: Upstreams
  target: Target
  /** Every connection that the copy has taken, in order, with what it heard on each. */
  taken: Socket[]
  heard: string[]
}

/** `answers` is called for each part that the copy hears. */
function withCopy(
  promise: string,
  answers: (socket: Socket, part: string, nth: number) => void,
  body: (stage: Stage) => Promise<void>,
  settings: Partial<EdgeSettings> = {},
): void {
  test(promise, async () => {
    const stage = { taken: [] as Socket[], heard: [] as string[], upstreams: new Upstreams(edgeSettings.parse(settings)) }
    const server = createServer((socket) => {
      const nth = stage.taken.push(socket) - 1
      stage.heard[nth] = ""
      socket.on("error", () => {})
      socket.on("data", (part) => {
        stage.heard[nth] += part.toString("latin1")
        answers(socket, part.toString("latin1"), nth)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    try {
      const { port } = server.address() as AddressInfo
      await body({ ...stage, target: { copy: "web-1", host: "127.0.0.1", port } })
    } finally {
      stage.upstreams.close()
      for (const socket of stage.taken) socket.destroy()
      server.close()
    }
  })
}

const get: Question = {
  method: "GET",
  path: "/",
  fields: "Host: shop\r\n",
  body: "plain",
  purpose: "answer",
  send: (sending) => sending.end([]),
}
const ok = (body: string, ...headers: string[]) =>
  `HTTP/1.1 200 OK\r\n${headers.map((line) => `${line}\r\n`).join("")}Content-Length: ${body.length}\r\n\r\n${body}`

function answerOf(outcome: Outcome): Answer {
  assert.equal(outcome.kind, "answered")
  return outcome.kind === "answered" ? outcome.answer : assert.fail()
}

function textOf(answer: Answer): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ""
    answer.passTo({ data: (chunk) => ((text += chunk.toString("latin1")), true), end: () => resolve(text), broke: reject })
  })
}

async function askText({ upstreams, target }: Stage, question: Question = get): Promise<string> {
  return textOf(answerOf(await upstreams.ask(target, question, "pooled").outcome))
}

const kindOf = async ({ upstreams, target }: Stage, connection: "pooled" | "fresh" = "pooled") =>
  (await upstreams.ask(target, get, connection).outcome).kind

/** Over connections of their own: what was on its way before them is here after them. */
async function otherQuestions({ upstreams, target }: Stage, count: number): Promise<void> {
  for (let i = 0; i < count; i++) answerOf(await upstreams.ask(target, get, "fresh").outcome)
}

withCopy(
  "one connection carries one question after the other, HEAD too, and a fresh one is kept as well",
  (socket, part) => socket.write(part.startsWith("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" : ok("fine")),
  async (stage) => {
    assert.equal(await askText(stage), "fine")
    assert.equal(await askText(stage, { ...get, method: "HEAD" }), "")
    assert.equal(await askText(stage), "fine")
    assert.equal(stage.taken.length, 1)
    assert.equal(await kindOf(stage, "fresh"), "answered")
    assert.equal(await askText(stage), "fine")
    assert.equal(stage.taken.length, 2)
    assert.match(stage.heard[0] ?? "", /^GET \/ HTTP\/1\.1\r\nHost: shop\r\nConnection: keep-alive\r\n\r\nHEAD /)
  },
)

withCopy(
  "a connection on which the copy says more than its answer is not used again",
  (socket, _part, nth) => socket.write(ok("fine") + (nth === 0 ? ok("for nobody") : "")),
  async (stage) => {
    assert.equal(await askText(stage), "fine")
    assert.equal(await askText(stage), "fine")
    assert.equal(stage.taken.length, 2)
    stage.taken[1]?.write(ok("unasked"))
    await otherQuestions(stage, 2)
    assert.deepEqual(await Promise.all([askText(stage), askText(stage), askText(stage)]), ["fine", "fine", "fine"])
    assert.equal(stage.taken.length, 5)
  },
)

withCopy(
  "a connection is not used again where the copy says so, or keeps it no longer than the way there takes",
  (socket, _part, nth) => {
    if (nth === 0) socket.write(ok("fine", "Connection: close"))
    else if (nth === 1) socket.write(ok("fine", "Keep-Alive: timeout=1"))
    else socket.end("HTTP/1.1 200 OK\r\n\r\nfine")
  },
  async (stage) => {
    for (const connections of [1, 2, 3]) {
      assert.equal(await askText(stage), "fine")
      assert.equal(stage.taken.length, connections)
    }
  },
)

withCopy(
  "what a lost connection means for its request is told by how far it was",
  (socket, part, nth) => {
    if (part.startsWith("GET /keep")) socket.write(ok("fine"))
    else if (nth === 1) socket.end("HTTP/1.1 1")
    else if (nth < 3) socket.destroy()
  },
  async (stage) => {
    const keep = { ...get, path: "/keep" }
    await askText(stage, keep)
    assert.equal(await kindOf(stage), "stale")
    await askText(stage, keep)
    assert.equal(await kindOf(stage), "broke-off")
    assert.equal(await kindOf(stage), "broke-off")
    assert.equal(await kindOf(stage), "timed-out")
    assert.equal((await stage.upstreams.ask({ ...stage.target, port: 1 }, get, "pooled").outcome).kind, "not-sent")
  },
  { answerTimeoutMs: 150 },
)

withCopy(
  "an answer that is no HTTP, or breaks off, is never taken for a whole one",
  (socket, _part, nth) => {
    if (nth === 0) socket.write("220 smtp.example ready\r\n\r\n")
    else if (nth === 1) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    else socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalfnot a chunk\r\n")
  },
  async (stage) => {
    assert.equal(await kindOf(stage), "broke-off")
    await assert.rejects(askText(stage), /before its answer was whole/)
    await assert.rejects(askText(stage), /longer than it says/)
  },
)

withCopy(
  'a copy may say "100 Continue" unasked, and switches protocols only where it was asked to',
  (socket, _part, nth) =>
    socket.write(nth === 0 ? `HTTP/1.1 100 Continue\r\n\r\n${ok("fine")}` : "HTTP/1.1 101 Switching Protocols\r\n\r\n"),
  async (stage) => {
    const interim: number[] = []
    assert.equal(await askText(stage, { ...get, onInterim: ({ status }) => interim.push(status) }), "fine")
    assert.deepEqual(interim, [100])
    assert.equal(await kindOf(stage, "fresh"), "broke-off")
    const outcome = await stage.upstreams.ask(stage.target, { ...get, purpose: "upgrade" }, "fresh").outcome
    assert.equal(outcome.kind, "switched")
    if (outcome.kind === "switched") outcome.socket.destroy()
  },
)

withCopy(
  "an answer that comes before the body was sent is passed on, and the rest of the body still goes its way",
  (socket, part) => {
    if (part.includes("POST")) socket.write(ok("already known"))
    else if (part.startsWith("GET")) socket.write(ok("next"))
  },
  async (stage) => {
    let finish = () => {}
    const fields = "Host: shop\r\nContent-Length: 9\r\n"
    const post: Question = {
      ...get,
      method: "POST",
      fields,
      send: (sending) => {
        sending.write(Buffer.from("first"))
        finish = () => {
          sending.write(Buffer.from("last"))
          sending.end([])
        }
      },
    }
    assert.equal(await askText(stage, post), "already known")
    assert.equal(await askText(stage), "next")
    assert.equal(stage.taken.length, 2)
    finish()
    await soon("the rest of the body", () => stage.heard[0]?.endsWith("\r\n\r\nfirstlast") === true)
    assert.equal(await askText(stage), "next")
    assert.equal(stage.taken.length, 2)
  },
)

withCopy(
  "a body goes to the copy in its chunks, with its trailers, and the head does not wait for it",
  (socket, part) => {
    if (part.startsWith("POST")) socket.write("HTTP/1.1 103 Early Hints\r\n\r\n")
    if (part.includes("\r\n0\r\n")) socket.write(ok("taken"))
  },
  async (stage) => {
    let begin = () => {}
    const post: Question = {
      ...get,
      method: "POST",
      fields: "Host: shop\r\nTransfer-Encoding: chunked\r\n",
      body: "chunked",
      onInterim: () => begin(),
      send: (sending) => {
        begin = () => {
          sending.write(Buffer.from("first"))
          sending.write(Buffer.alloc(20_000, "a"))
          sending.end(["x-sum", "seven"])
        }
      },
    }
    assert.equal(await askText(stage, post), "taken")
    assert.match(stage.heard[0] ?? "", /\r\n\r\n5\r\nfirst\r\n4e20\r\na{20000}\r\n0\r\nx-sum: seven\r\n\r\n$/)
  },
)

withCopy(
  "a body waits for a copy that does not read it, and goes on when it does",
  (socket, part) => {
    if (part.startsWith("POST")) socket.pause()
  },
  async (stage) => {
    const large = Buffer.alloc(1_048_576)
    let [writes, drained] = [0, 0]
    const send: Question["send"] = (sending) => {
      const pour = () => {
        while (sending.write(large)) writes++
      }
      sending.onDrain = () => {
        drained++
        pour()
      }
      pour()
    }
    const asking = stage.upstreams.ask(stage.target, { ...get, method: "POST", fields: `Content-Length: ${2 ** 40}\r\n`, send }, "pooled")
    await soon("the copy's connection", () => stage.heard[0]?.startsWith("POST") === true)
    const before = drained
    stage.taken[0]?.resume()
    await soon("the body to go on", () => drained > before)
    asking.cancel()
    assert.equal((await asking.outcome).kind, "broke-off")
    assert.ok(writes <= drained)
  },
)

withCopy(
  "an answer comes at its reader's pace",
  (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * 1_048_576}\r\n\r\n`)
    socket.write(Buffer.alloc(64 * 1_048_576))
  },
  async (stage) => {
    const answer = answerOf(await stage.upstreams.ask(stage.target, get, "pooled").outcome)
    let [state, size, unasked]: ["wants" | "waits", number, number] = ["wants", 0, 0]
    await new Promise<void>((resolve, reject) => {
      const data = (chunk: Buffer) => {
        if (state === "waits") unasked++
        state = "waits"
        size += chunk.length
        setImmediate(() => {
          state = "wants"
          answer.resume()
        })
        return false
      }
      answer.passTo({ data, end: () => resolve(), broke: reject })
    })
    // What was here before anybody wanted it comes at once.
    assert.ok(unasked <= 2, `${unasked} parts came while none was wanted`)
    assert.equal(size, 64 * 1_048_576)
  },
)

withCopy(
  "what nobody has wanted yet of an answer waits at the copy",
  (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * 1_048_576}\r\n\r\n`)
    socket.write(Buffer.alloc(64 * 1_048_576))
  },
  async (stage) => {
    const answer = answerOf(await stage.upstreams.ask(stage.target, get, "pooled").outcome)
    const [socket] = stage.taken
    await otherQuestions(stage, 5)
    assert.ok((socket?.writableLength ?? 0) > 0)
    assert.equal((await textOf(answer)).length, 64 * 1_048_576)
  },
)

withCopy(
  "a question that is cancelled is cut off at the copy, and one that is over cannot touch the next",
  (socket, part) => {
    if (!part.startsWith("GET /slow")) socket.write(ok("fine"))
  },
  async (stage) => {
    const slow = stage.upstreams.ask(stage.target, { ...get, path: "/slow" }, "pooled")
    await soon("the question", () => stage.heard[0]?.startsWith("GET /slow") === true)
    const [socket] = stage.taken
    assert.ok(socket)
    const closed = once(socket, "close")
    slow.cancel()
    assert.equal((await slow.outcome).kind, "broke-off")
    await closed

    const first = stage.upstreams.ask(stage.target, get, "pooled")
    assert.equal(await textOf(answerOf(await first.outcome)), "fine")
    const second = stage.upstreams.ask(stage.target, get, "pooled")
    first.cancel()
    assert.equal(await textOf(answerOf(await second.outcome)), "fine")
    assert.equal(stage.taken.length, 2)
  },
)

withCopy(
  "an answer that is over has no say in the pace of the next on its connection",
  (socket, part) => {
    const isLarge = part.startsWith("GET /large")
    socket.write(isLarge ? `HTTP/1.1 200 OK\r\nContent-Length: ${64 * 1_048_576}\r\n\r\n` : ok("fine"))
    if (isLarge) socket.write(Buffer.alloc(64 * 1_048_576))
  },
  async (stage) => {
    const first = answerOf(await stage.upstreams.ask(stage.target, get, "pooled").outcome)
    assert.equal(await textOf(first), "fine")
    const large = answerOf(await stage.upstreams.ask(stage.target, { ...get, path: "/large" }, "pooled").outcome)
    let size = 0
    large.passTo({ data: (chunk) => ((size += chunk.length), false), end: () => {}, broke: () => {} })
    const before = size
    first.resume()
    await otherQuestions(stage, 5)
    assert.equal(size, before)
    assert.equal(stage.taken.length, 6)
    large.cancel()
  },
)

withCopy(
  "a connection that is being closed is not taken",
  (socket) => socket.write(ok("fine")),
  async (stage) => {
    await askText(stage)
    stage.upstreams.close()
    assert.equal(await kindOf(stage), "answered")
  },
)

withCopy(
  "connections to a copy that the table no longer names are let go: idle ones at once, the others after their answer",
  (socket, part) => {
    if (part.startsWith("GET /slow")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
    else socket.write(ok("fine"))
  },
  async (stage) => {
    const slow = answerOf(await stage.upstreams.ask(stage.target, { ...get, path: "/slow" }, "pooled").outcome)
    await askText(stage)
    // The same copy by another name: what is idle there goes only when its time is over.
    await askText({ ...stage, target: { ...stage.target, host: "localhost" } })
    const [busy, idle, named] = stage.taken
    assert.ok(busy && idle && named)
    const gone: string[] = []
    const [busyGone, idleGone, namedGone] = [once(busy, "close"), once(idle, "close"), once(named, "close")]
    for (const [name, socket] of Object.entries({ busy, idle, named })) socket.once("close", () => gone.push(name))
    const targets = { web: [{ ...stage.target, host: "localhost" }] }
    const table: RoutingTable = { epoch: 0, generation: 2, current: "v2", routes: [], versions: { v2: { release: "r", targets } } }
    stage.upstreams.follow(table)
    await idleGone
    busy.write("last")
    assert.equal(await textOf(slow), "last")
    await Promise.all([busyGone, namedGone])
    assert.deepEqual(gone, ["idle", "busy", "named"])
  },
  { upstreamIdleMs: 1_500 },
)

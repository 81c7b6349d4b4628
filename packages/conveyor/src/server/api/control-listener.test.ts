import assert from "node:assert/strict"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import type { Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import fastify from "fastify"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { freePort } from "../../kernel/process/free-port.ts"
import { silentLogger } from "../../kernel/logger.ts"
import { listenAtFixedAddress } from "./control-listener.ts"

interface Installation {
  start: (ports: { from: number; to: number }) => Promise<{ port: number; stop: () => Promise<void> }>
}

async function withInstallations(body: (...installations: Installation[]) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "conveyor-control-"))
  const apps: { close(): Promise<unknown> }[] = []
  const installation = (name: string): Installation => ({
    start: async (ports) => {
      const app = fastify({ logger: false, forceCloseConnections: true })
      apps.push(app)
      const url = await listenAtFixedAddress({
        listen: (address) => app.listen(address),
        wanted: { host: "127.0.0.1", ports },
        file: join(folder, name),
        logger: silentLogger,
      })
      return { port: Number(new URL(url).port), stop: () => app.close() }
    },
  })
  try {
    await body(installation("one"), installation("two"))
  } finally {
    for (const app of apps) await app.close()
    await rm(folder, { recursive: true })
  }
}

async function holding(port: number): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
  return server
}

test("an installation is found at the same port after a restart, also where a lower one has become free", () =>
  withInstallations(async (one) => {
    const from = await freePort()
    const before = await holding(from)
    const ports = { from, to: from + 20 }
    const first = await one.start(ports).finally(() => before.close())
    assert.notEqual(first.port, from)
    await first.stop()
    assert.equal((await one.start(ports)).port, first.port)
  }))

test("two installations with the same range get a port each", () =>
  withInstallations(async (one, two) => {
    const from = await freePort()
    const ports = { from, to: from + 20 }
    const [first, second] = [await one.start(ports), await two.start(ports)]
    assert.notEqual(first.port, second.port)
  }))

test("one port that is taken is an error that names who holds it", () =>
  withInstallations(async (one, two) => {
    const { port } = await one.start({ from: 0, to: 0 })
    await assert.rejects(two.start({ from: port, to: port }), (thrown) => {
      assert.ok(thrown instanceof ConveyorError && thrown.code === "address-taken")
      if (process.platform === "linux")
        assert.match(thrown.message, new RegExp(`127\\.0\\.0\\.1:${port} is held by process ${process.pid} \\(`))
      assert.match(thrown.hint ?? "", /control: \{ listen: /)
      return true
    })
  }))

test("a kept port that somebody else has taken meanwhile is left to it, within the range", () =>
  withInstallations(async (one) => {
    const from = await freePort()
    const ports = { from, to: from + 20 }
    const first = await one.start(ports)
    await first.stop()
    const stranger = await holding(first.port)
    const second = await one.start(ports).finally(() => stranger.close())
    assert.notEqual(second.port, first.port)
  }))

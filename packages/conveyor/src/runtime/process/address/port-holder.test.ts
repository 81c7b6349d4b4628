import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import { choosePort } from "./port-choice.ts"
import { holdsPort } from "./port-holder.ts"

const onLinux = { skip: process.platform === "linux" ? false : "only Linux tells who listens" }

test("a copy holds its port through whatever it has forked into; somebody else's listener there is not the copy", onLinux, async () => {
  const port = await choosePort(new Set())
  // Through a shell and a session of its own: neither parent nor group tell.
  const listens = `require("net").createServer().listen(${port}, "127.0.0.1", () => console.log(process.pid))`
  const child = spawn("sh", ["-c", `setsid "$0" -e '${listens}' & wait`, process.execPath], {
    env: { ...process.env, CONVEYOR_COPY: "v1-web-0-a" },
    stdio: ["ignore", "pipe", "ignore"],
  })
  const [said] = (await once(child.stdout, "data")) as [Buffer]
  try {
    assert.equal(await holdsPort("v1-web-0-a", port), "yes")
    assert.equal(await holdsPort("v1-till-0-b", port), "no")
  } finally {
    process.kill(Number(said.toString()), "SIGTERM")
    await once(child, "exit")
  }
})

test("a stranger's listener is not known to be or not to be the copy's", onLinux, async () => {
  const stranger = createServer()
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve))
  try {
    assert.equal(await holdsPort("v1-web-0-a", (stranger.address() as AddressInfo).port), "unknown")
  } finally {
    stranger.close()
  }
})

test("where nobody listens, nobody holds the port", onLinux, async () => {
  const listener = createServer()
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve))
  const { port } = listener.address() as AddressInfo
  await new Promise((resolve) => listener.close(resolve))
  assert.equal(await holdsPort("v1-web-0-a", port), "no")
})

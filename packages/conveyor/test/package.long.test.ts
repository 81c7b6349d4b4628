// The package on the oldest Node that it says it runs on, and what it says on an older one.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { test } from "node:test"
import { firstFiveMinutes, installNode, pack } from "./packaged.ts"

for (const version of ["22.13.0", "22", "24"]) {
  test(`the first five minutes go on Node ${version}`, async () => {
    using packed = pack()
    const node = installNode(version, packed.folder)
    const said = await firstFiveMinutes({ conveyor: packed.conveyor, node })
    assert.match(said.at(-1) ?? "", /v1 serves again[^]*Roses/)
  })
}

test("on a Node that is too old it says so, and what to do", () => {
  const folder = mkdtempSync(join(tmpdir(), "conveyor-old-node-"))
  try {
    using packed = pack()
    const node = installNode("20", folder)
    spawnSync("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, packed.conveyor])
    const { status, stderr } = spawnSync(node, [resolve(folder, "node_modules/@conveyor-release/conveyor/dist/cli/main.js"), "--help"], {
      encoding: "utf8",
    })
    assert.equal(status, 3)
    assert.match(stderr, /needs Node 22\.13 or newer, and this is 20\.[^]*→/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

// What npm would give one: installed into an empty folder, it does what its README says.
import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { firstFiveMinutes, pack } from "./packaged.ts"

test("the first five minutes of the README go as they are written, from the tarball in an empty folder", async () => {
  using packed = pack()
  const [, , first = "", second = "", back = ""] = await firstFiveMinutes({ conveyor: packed.conveyor, node: process.execPath })
  assert.match(first, /v1 serves all new pages[^]*Roses/)
  assert.match(second, /v2 serves all new pages[^]*Tulips/)
  assert.match(back, /v1 serves again[^]*Roses/)
  witnessRuns(packed.witness)
})

function witnessRuns(tarball: string): void {
  const folder = mkdtempSync(join(tmpdir(), "conveyor-witness-"))
  try {
    execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, tarball], { stdio: ["ignore", 2, 2] })
    assert.match(
      execFileSync(join(folder, "node_modules/.bin/witness"), ["--help"], { encoding: "utf8" }),
      /every acknowledged write recorded/,
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

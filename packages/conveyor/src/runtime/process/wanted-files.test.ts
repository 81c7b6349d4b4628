import assert from "node:assert/strict"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { WantedFiles } from "./wanted-files.ts"

const folder = mkdtempSync(join(tmpdir(), "conveyor-wanted-"))
after(() => rmSync(folder, { recursive: true }))

test("what was wanted when a status query was the only way to ask is asked by one still", async () => {
  const before = {
    service: "web",
    version: "v1",
    commit: "c",
    release: "r-1",
    artifact: { id: "a", kind: "directory", ref: "/" },
    command: "run",
    environment: {},
    copies: 1,
    status: { path: "/how", client: "7" },
    startWithinMs: 1_000,
    stopGraceMs: 1_000,
  }
  writeFileSync(join(folder, "v1.web.json"), JSON.stringify(before))
  const [spec] = await new WantedFiles(folder).all()
  assert.ok(spec?.health.kind === "http")
  const { method, path, client, body } = spec.health
  assert.deepEqual({ method, path, client, body }, { method: "POST", path: "/how", client: "7", body: "status" })
})

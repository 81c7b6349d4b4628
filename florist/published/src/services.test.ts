import assert from "node:assert/strict"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { pathToFileURL } from "node:url"
import { findService } from "./services.ts"

const operations = `[
  { method: "GET", path: "/v1/vases", access: "public", answers: { 200: null }, refuses: [] },
  { method: "POST", path: "/v1/between", access: "peer", answers: { 200: null }, refuses: [] },
]`

test("a service is found by what it exports; one that is not there, or cannot be read, says why", async () => {
  const folder = mkdtempSync(join(tmpdir(), "florist-services-"))
  const write = (name: string, text: string): void => {
    mkdirSync(join(folder, name, "src"), { recursive: true })
    writeFileSync(join(folder, name, "src", "service.ts"), text)
  }
  write("listed", `export const listed = { operations: ${operations} }`)
  write("made", `export const made = { operations: ({ clock, peers }) => { clock(); return peers === undefined ? [] : ${operations} } }`)
  write("told", `export const toldFrom = ({ NAME = "nobody" }) => ({ name: NAME, operations: () => ${operations} })`)
  write("silent", "export const silent = { routes() {} }")
  write("broken", 'throw new Error("no\\nthere")')
  const found = async (name: string) => {
    const service = await findService(name, pathToFileURL(`${folder}/`))
    return "problem" in service ? service.problem : service.offered.map(({ method, path }) => `${method} ${path}`).join()
  }
  try {
    assert.equal(await found("listed"), "GET /v1/vases")
    assert.equal(await found("made"), "GET /v1/vases")
    assert.equal(await found("told"), "GET /v1/vases")
    assert.equal(await found("silent"), "exports no service with operations")
    assert.equal(await found("broken"), "cannot be read: no")
    assert.equal(await found("absent"), "not there yet")
  } finally {
    rmSync(folder, { recursive: true })
  }
})

import assert from "node:assert/strict"
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { inspect } from "node:util"
import { ConveyorError } from "../kernel/errors/errors.ts"
import { readSecret } from "./read-secret.ts"
import type { ReadSecretOptions } from "./read-secret.ts"
import type { SecretSource } from "./secrets.ts"

const folder = mkdtempSync(join(tmpdir(), "conveyor-secret-"))
after(() => rmSync(folder, { recursive: true }))

const options: ReadSecretOptions = { variables: { TOKEN: "from-env", EMPTY: "" }, signal: new AbortController().signal }
const fileWith = (name: string, content: string) => {
  writeFileSync(join(folder, name), content)
  return { file: join(folder, name) }
}

test("a secret is read from a file, a variable or a command, without the one line end behind it", async () => {
  const sources: SecretSource[] = [fileWith("one", "from-file\n"), { env: "TOKEN" }, { command: "printf 'from-command\\n\\n'" }]
  const read = await Promise.all(sources.map((source) => readSecret("S", source, options)))
  assert.deepEqual(
    read.map((secret) => secret.reveal()),
    ["from-file", "from-env", "from-command\n"],
  )
})

const bad: [string, SecretSource, RegExp][] = [
  ["a file that is not there", { file: join(folder, "none") }, /there is no such file/],
  ["a folder", { file: folder }, /it is no file/],
  ["an empty file", fileWith("empty", "\n"), /it is empty/],
  ["a file with zero bytes", fileWith("zero", "planted\0x"), /zero bytes/],
  ["a file that is too long", fileWith("long", "planted".repeat(20_000)), /longer than 64 KB/],
  ["a device without end", { file: "/dev/zero" }, /it is no file/],
  ["a variable that is not set", { env: "NONE" }, /the variable NONE.*not set/],
  ["an empty variable", { env: "EMPTY" }, /it is empty/],
  ["a command that fails", { command: "echo planted; echo planted >&2; exit 3" }, /ended with code 3/],
  ["a command that says too much", { command: "yes planted" }, /longer than 64 KB/],
  ["a command that leaves a process behind, and says nothing", { command: "sleep 600 &" }, /it is empty/],
]

for (const [what, source, why] of bad) {
  test(`${what} is told with the secret's name and nothing of its value`, async () => {
    await assert.rejects(readSecret("API_KEY", source, options), (thrown: unknown) => {
      assert.ok(thrown instanceof ConveyorError && thrown.code === "secret-unreadable")
      assert.match(thrown.message, why)
      assert.match(thrown.message, /^the secret API_KEY cannot be read/)
      const said = inspect(thrown, { depth: 9 }).replaceAll("echo planted", "").replaceAll("yes planted", "")
      assert.doesNotMatch(said.replaceAll(/at .*/g, ""), /planted/)
      return true
    })
  })
}

test("a command that does not end is ended, with all that it has begun", async () => {
  const late = { ...options, withinMs: 200 }
  await assert.rejects(readSecret("S", { command: "sleep 600 | sleep 600" }, late), /had not ended after/)
})

test("a file that may not be read is told as that", { skip: process.getuid?.() === 0 ? "root may read everything" : false }, async () => {
  const source = fileWith("closed", "planted")
  chmodSync(source.file, 0o000)
  await assert.rejects(readSecret("S", source, options), /EACCES/)
})

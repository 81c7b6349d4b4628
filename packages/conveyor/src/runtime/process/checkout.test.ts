import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { after, test } from "node:test"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { checkOut } from "./checkout.ts"

const folder = mkdtempSync(join(tmpdir(), "conveyor-checkout-"))
after(() => rmSync(folder, { recursive: true }))

const git = (directory: string, ...argv: string[]) =>
  execFileSync(
    "git",
    ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "protocol.file.allow=always", "-C", directory, ...argv],
    {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    },
  ).trim()

let count = 0

/** A bare repository, as a push makes it, with one commit of what `fill` leaves in its work tree. */
function committed(fill: (work: string) => void): { repository: string; commit: string } {
  const name = join(folder, `r${count++}`)
  const [work, repository] = [`${name}-work`, `${name}.git`]
  execFileSync("git", ["init", "-q", "-b", "main", work])
  fill(work)
  git(work, "add", "--all")
  git(work, "commit", "-qm", "Flowers")
  execFileSync("git", ["clone", "-q", "--bare", work, repository])
  return { repository, commit: git(work, "rev-parse", "HEAD") }
}

function write(work: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(work, path, ".."), { recursive: true })
    writeFileSync(join(work, path), text)
  }
}

/** Every file with what makes it that file: its text or where it leads, and whether it can be run. */
function contents(directory: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = relative(directory, path)
    if (entry.isDirectory() || name === ".git" || name.startsWith(".git/")) continue
    if (entry.isSymbolicLink()) found[name] = `-> ${readlinkSync(path)}`
    else found[name] = `${(lstatSync(path).mode & 0o111) === 0 ? "" : "runs "}${readFileSync(path, "base64")}`
  }
  return found
}

async function unpacked({ repository, commit }: { repository: string; commit: string }): Promise<string> {
  const into = mkdtempSync(join(folder, "into-"))
  await checkOut(repository, commit, into, new AbortController().signal)
  return into
}

function cloned({ repository }: { repository: string }): string {
  const into = mkdtempSync(join(folder, "clone-"))
  execFileSync("git", ["clone", "-q", repository, into])
  return into
}

test("an artifact begins as what a clone has: nothing that archives leave out or rewrite, modes and links as they were committed", async () => {
  const made = committed((work) => {
    write(work, {
      ".gitattributes": "changes export-ignore\n/VERSION export-subst\n*.txt text eol=crlf\n",
      "changes/0001-roses.yml": "summary: Roses",
      VERSION: "$Format:%H$\n",
      "notes.txt": "one\ntwo\n",
      "bin/run": "#!/bin/sh\n",
      "с пробелом/роза.txt": "red\n",
      "line\nbreak": "odd",
    })
    chmodSync(join(work, "bin/run"), 0o755)
    symlinkSync("bin/run", join(work, "start"))
    symlinkSync("nowhere", join(work, "dangling"))
    symlinkSync("changes", join(work, "db"))
  })
  const found = contents(await unpacked(made))
  assert.deepEqual(found, contents(cloned(made)))
  assert.equal(Buffer.from(found["VERSION"] ?? "", "base64").toString(), "$Format:%H$\n")
  assert.ok("changes/0001-roses.yml" in found)
  assert.match(found["bin/run"] ?? "", /^runs /)
})

test("a commit with submodules is refused, and each is named: their files were never pushed", async () => {
  const inner = committed((work) => write(work, { "lib.js": "1" }))
  const outer = committed((work) => git(work, "submodule", "add", "-q", inner.repository, "vendor/lib"))
  await assert.rejects(unpacked(outer), (thrown) => {
    assert.ok(thrown instanceof ConveyorError)
    assert.equal(thrown.code, "has-submodules")
    assert.match(thrown.message, /vendor\/lib/)
    assert.match(thrown.hint ?? "", /subtree/)
    return true
  })
})

test("files that are only pointers, or that want a filter which is not set up, are refused by name; a filter that is set up is used", async () => {
  const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
  const lfs = committed((work) => write(work, { "logo.png": pointer, ".gitattributes": "*.png filter=lfs diff=lfs -text\n" }))
  git(lfs.repository, "config", "filter.lfs.smudge", "")
  await assert.rejects(
    unpacked(lfs),
    (thrown) => thrown instanceof ConveyorError && /logo\.png/.test(thrown.message) && /LFS/.test(thrown.message),
  )

  const crypt = committed((work) => write(work, { key: "red", ".gitattributes": "key filter=loud\n" }))
  await assert.rejects(unpacked(crypt), { code: "filter-missing" })
  git(crypt.repository, "config", "filter.loud.smudge", "tr a-z A-Z")
  assert.equal(readFileSync(join(await unpacked(crypt), "key"), "utf8"), "RED")
})

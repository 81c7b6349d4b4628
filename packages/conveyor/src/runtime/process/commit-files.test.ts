import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { CommitFiles } from "./commit-files.ts"

const work = mkdtempSync(join(tmpdir(), "conveyor-commit-files-"))
after(() => rmSync(work, { recursive: true }))

const git = (...argv: string[]) =>
  execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-C", work, ...argv], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim()

git("init", "-q", "-b", "main")
mkdirSync(join(work, "db/changes/old"), { recursive: true })
writeFileSync(join(work, ".gitattributes"), "db export-ignore\n")
writeFileSync(join(work, "db/changes/0001-роза.yml"), "summary: Роза\n")
writeFileSync(join(work, "db/changes/old/0000.yml"), "old")
writeFileSync(join(work, "logo.yml"), "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
symlinkSync("db/changes", join(work, "changes"))
symlinkSync("/etc/hostname", join(work, "outside.yml"))
symlinkSync("nowhere.yml", join(work, "dangling.yml"))
git("add", "--all")
git("commit", "-qm", "Changes")
const commit = git("rev-parse", "HEAD")
const files = new CommitFiles(join(work, ".git"))

test("a folder's files are those of the commit, links followed, folders in it left out, and names as they are", async () => {
  assert.deepEqual(await files.listFiles(commit, "db/changes"), ["0001-роза.yml"])
  assert.deepEqual(await files.listFiles(commit, "changes/"), ["0001-роза.yml"])
  assert.equal(await files.readFile(commit, "changes/0001-роза.yml"), "summary: Роза\n")
})

test("what the commit does not have is not there, and so is what is no file", async () => {
  for (const path of ["tulip.yml", "db", "db/changes/0001-роза.yml/x", "dangling.yml", "a\nb"]) {
    assert.equal(await files.readFile(commit, path), undefined, path)
  }
  assert.deepEqual(await files.listFiles(commit, "tulips"), [])
  assert.deepEqual(await files.listFiles(commit, "logo.yml"), [])
})

test("a file that only points elsewhere is refused, never read as what it is not", async () => {
  await assert.rejects(files.readFile(commit, "logo.yml"), /Git LFS/)
  await assert.rejects(files.readFile(commit, "outside.yml"), /outside the repository/)
})

test("a commit or a repository that cannot be read is an error, not a commit without the file", async () => {
  await assert.rejects(files.readFile("0".repeat(40), "logo.yml"), { code: "git-failed" })
  await assert.rejects(files.listFiles("0".repeat(40), "changes"), { code: "git-failed" })
  await assert.rejects(new CommitFiles(join(work, "no.git")).readFile(commit, "logo.yml"), { code: "git-failed" })
})

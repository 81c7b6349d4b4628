// Files of a commit, read from the repository, so that nothing has to be built to know them. Links inside the commit are
// followed, as a checkout's reader would. Made by the directory builder.
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { git, gitBytes } from "./git.ts"

type Found = { type: "blob" | "tree"; oid: string; content: Buffer } | "missing"

export class CommitFiles {
  readonly #repository: string

  constructor(repository: string) {
    this.#repository = repository
  }

  /** A file's text, or undefined where the commit has no such file. @throws ConveyorError "not-in-commit", "git-failed" */
  async readFile(commit: string, path: string): Promise<string | undefined> {
    const found = await this.#find(commit, path)
    if (found === "missing" || found.type !== "blob") return undefined
    const text = found.content.toString("utf8")
    if (!text.startsWith("version https://git-lfs.github.com/spec/")) return text
    throw new ConveyorError("not-in-commit", `${path} of commit ${commit.slice(0, 8)} is kept in Git LFS: the commit has only a pointer`, {
      facts: { commit, path },
      hint: "Commit the file itself: git lfs untrack it, and add it again.",
    })
  }

  /** Names of the files directly in a folder; none where there is no such folder. */
  async listFiles(commit: string, folder: string): Promise<string[]> {
    const found = await this.#find(commit, folder.replace(/\/+$/, ""))
    if (found === "missing" || found.type !== "tree") return []
    const lines = (await git(this.#repository, ["ls-tree", "-z", found.oid])).split("\0")
    return lines.filter((line) => / blob /.test(line)).map((line) => line.slice(line.indexOf("\t") + 1))
  }

  async #find(commit: string, path: string): Promise<Found> {
    if (/[\n\0]/.test(path)) return "missing"
    const answer = await gitBytes(this.#repository, ["cat-file", "--batch", "--follow-symlinks"], { input: `${commit}:${path}\n` })
    const end = answer.indexOf("\n")
    const [oid = "", type = "", size = ""] = answer.subarray(0, end).toString("utf8").split(" ")
    if (type === "blob" || type === "tree") return { type, oid, content: answer.subarray(end + 1, end + 1 + Number(size)) }
    // A commit that is gone must not read as a file that was never there.
    await git(this.#repository, ["cat-file", "-e", `${commit}^{commit}`])
    if (oid !== "symlink") return "missing"
    throw new ConveyorError("not-in-commit", `${path} of commit ${commit.slice(0, 8)} is a link to what is outside the repository`, {
      facts: { commit, path },
      hint: "Commit the file itself.",
    })
  }
}

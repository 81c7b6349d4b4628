// What Node has compiled of an artifact's code, kept beside the code, so that a copy that starts does not compile it again
// beside the users: the tests of a commit compile it, its copies take it, and the next commit begins with it.
// Called by the directory builder and the process runtime.
import { existsSync } from "node:fs"
import { cp, rm } from "node:fs/promises"
import { join } from "node:path"

/** Inside the tree: Node finds what it has compiled by the place of the code as seen from the cache. */
const within = (tree: string): string => join(tree, ".conveyor", "compile-cache")

/** Node looks at the content before it takes anything, so that an old cache is at worst of no use. Other programs do not know these. */
export const compileCacheOf = (tree: string): Readonly<Record<string, string>> => ({
  NODE_COMPILE_CACHE: within(tree),
  NODE_COMPILE_CACHE_PORTABLE: "1",
})

/** Gives one tree what another has compiled. A cache is never worth a failure: without it the code is compiled again. */
export async function passCompiled(from: string, to: string): Promise<void> {
  if (!existsSync(within(from))) return
  await cp(within(from), within(to), { recursive: true, force: true }).catch(() => {})
}

export async function forgetCompiled(tree: string): Promise<void> {
  await rm(within(tree), { recursive: true, force: true }).catch(() => {})
}

// Which pages were told a notice and have not come back yet. A page keeps its id across its own reload, so the edge can
// count the pages that it told and that did reload. Called by the notice channels; saved with the counters.
import { z } from "zod"

export const savedPages = z.array(z.tuple([z.string(), z.string()]))

// A page that never comes back is a closed tab; the oldest of very many are forgotten.
const pagesKept = 20_000

export class ToldPages {
  #versionByPage: Map<string, string>

  constructor(saved: z.infer<typeof savedPages> = []) {
    this.#versionByPage = new Map(saved)
  }

  /** Says whether this page of this version is told for the first time. */
  tell(page: string, version: string): "first" | "again" {
    if (this.#versionByPage.get(page) === version) return "again"
    this.#versionByPage.set(page, version)
    for (const oldest of this.#versionByPage.keys()) {
      if (this.#versionByPage.size <= pagesKept) break
      this.#versionByPage.delete(oldest)
    }
    return "first"
  }

  /** The version at which a page that now runs `version` was told to reload, once; undefined where it was not. */
  comesBack(page: string, version: string): string | undefined {
    const toldAt = this.#versionByPage.get(page)
    this.#versionByPage.delete(page)
    return toldAt === version ? undefined : toldAt
  }

  save(): z.infer<typeof savedPages> {
    return [...this.#versionByPage]
  }
}

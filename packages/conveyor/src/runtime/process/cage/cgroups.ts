// The control groups of one owner (the builder, the runtime): one group for each command or copy, which no process
// leaves by forking, by a session of its own, or by an empty environment. Only where they may be made: as root, and not
// in a container that shows them read-only. Called by cages.
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { readHierarchies } from "./hierarchies.ts"
import type { Controller, Hierarchies } from "./hierarchies.ts"
import type { Limits, Priority } from "./limits.ts"

export interface Group {
  /** Whoever writes its pid into each of these is in the group, and so is all that it starts. */
  procsFiles: string[]
  /** Limits that were asked for and cannot be enforced here. */
  notEnforced: string[]
}

export class Cgroups {
  readonly #hierarchies: Hierarchies
  readonly #owner: string

  /** @param owner an absolute path; the same path finds the same groups again. */
  constructor(owner: string, hierarchies = readHierarchies()) {
    this.#hierarchies = hierarchies
    this.#owner = `conveyor-${createHash("sha256").update(owner).digest("hex").slice(0, 12)}`
  }

  make(name: string, limits: Limits, priority: Priority): Group {
    const group: Group = { procsFiles: [], notEnforced: [] }
    if (this.#hierarchies.unified !== undefined) this.#join(group, this.#hierarchies.unified, name)
    for (const wish of wishesOf(limits, priority)) {
      const at = this.#hierarchies.controllers[wish.controller]
      if (
        at !== undefined &&
        this.#join(group, at.mount, name) &&
        put(join(this.#folder(at.mount, name), wish.file[at.version]), wish.value[at.version])
      )
        continue
      if (wish.limit !== undefined) group.notEnforced.push(wish.limit)
    }
    return group
  }

  members(name: string): number[] {
    return [...new Set(this.#mounts().flatMap((mount) => numbersIn(join(this.#folder(mount, name), "cgroup.procs"))))]
  }

  /** Kills all of a group in one stroke where the kernel can (5.14 and later). */
  kill(name: string): void {
    if (this.#hierarchies.unified !== undefined) put(join(this.#folder(this.#hierarchies.unified, name), "cgroup.kill"), "1")
  }

  /** Takes the group away; one that still has processes stays. */
  remove(name: string): void {
    for (const mount of this.#mounts()) {
      take(this.#folder(mount, name))
      take(join(mount, this.#owner))
    }
  }

  names(): string[] {
    const folders = this.#mounts()
      .map((mount) => join(mount, this.#owner))
      .filter((folder) => existsSync(folder))
    return [
      ...new Set(
        folders.flatMap((folder) =>
          readdirSync(folder, { withFileTypes: true })
            .filter((entry) => entry.isDirectory())
            .map(({ name }) => name),
        ),
      ),
    ]
  }

  #join(group: Group, mount: string, name: string): boolean {
    const folder = this.#folder(mount, name)
    const procs = join(folder, "cgroup.procs")
    if (group.procsFiles.includes(procs)) return true
    try {
      mkdirSync(folder, { recursive: true })
    } catch {
      return false
    }
    // Version 2 gives a controller to a group only where every group above it passes it on.
    for (const above of [mount, join(mount, this.#owner)])
      for (const controller of ["cpu", "memory", "pids"]) put(join(above, "cgroup.subtree_control"), `+${controller}`)
    group.procsFiles.push(procs)
    return true
  }

  #folder(mount: string, name: string): string {
    return join(mount, this.#owner, name)
  }

  #mounts(): string[] {
    const { unified, controllers } = this.#hierarchies
    return [...new Set([...(unified === undefined ? [] : [unified]), ...Object.values(controllers).map(({ mount }) => mount)])]
  }
}

interface Wish {
  controller: Controller
  file: Record<1 | 2, string>
  value: Record<1 | 2, string>
  /** The key of the limit; a wish that is none may go unfulfilled. */
  limit: string | undefined
}

const periodUs = 100_000

function* wishesOf({ cpu, memory, processes }: Limits, priority: Priority): Generator<Wish> {
  if (priority === "low")
    yield { controller: "cpu", file: { 1: "cpu.shares", 2: "cpu.weight" }, value: { 1: "64", 2: "6" }, limit: undefined }
  if (cpu !== undefined) {
    const quota = String(Math.round(cpu * periodUs))
    yield { controller: "cpu", file: { 1: "cpu.cfs_quota_us", 2: "cpu.max" }, value: { 1: quota, 2: `${quota} ${periodUs}` }, limit: "cpu" }
  }
  if (memory !== undefined) {
    const bytes = String(memory)
    yield { controller: "memory", file: { 1: "memory.limit_in_bytes", 2: "memory.max" }, value: { 1: bytes, 2: bytes }, limit: "memory" }
  }
  if (processes !== undefined) {
    const most = String(processes)
    yield { controller: "pids", file: { 1: "pids.max", 2: "pids.max" }, value: { 1: most, 2: most }, limit: "processes" }
  }
}

function put(file: string, value: string): boolean {
  try {
    // A file of a control group is there already; it is never made.
    writeFileSync(file, value, { flag: "r+" })
    return true
  } catch {
    return false
  }
}

function take(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // Not there, or somebody is still in it.
  }
}

function numbersIn(file: string): number[] {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number)
  } catch {
    return []
  }
}

// Where the control groups of this machine are: version 2, version 1 or both side by side, by controller. Called by
// cgroups.ts.
import { readFileSync } from "node:fs"
import { join } from "node:path"

export type Controller = "cpu" | "memory" | "pids"

export interface Hierarchies {
  /** The mount of version 2. It can always hold processes together, whichever controllers it has. */
  unified: string | undefined
  /** Mounts by controller. */
  controllers: Partial<Record<Controller, { mount: string; version: 1 | 2 }>>
}

const wanted: readonly Controller[] = ["cpu", "memory", "pids"]

export function readHierarchies(): Hierarchies {
  return parseMounts(read("/proc/self/mounts"), (mount) => read(join(mount, "cgroup.controllers")))
}

/** @param controllersOf the text of cgroup.controllers at a mount of version 2 */
export function parseMounts(mounts: string, controllersOf: (mount: string) => string): Hierarchies {
  const found: Hierarchies = { unified: undefined, controllers: {} }
  for (const line of mounts.split("\n")) {
    const [, mount = "", type, options = ""] = line.split(" ")
    if (type === "cgroup2") {
      found.unified ??= mount
      for (const name of controllersOf(mount).trim().split(" ")) note(found, name, { mount, version: 2 })
    } else if (type === "cgroup") {
      for (const name of options.split(",")) note(found, name, { mount, version: 1 })
    }
  }
  return found
}

function note({ controllers }: Hierarchies, name: string, at: { mount: string; version: 1 | 2 }): void {
  const controller = wanted.find((each) => each === name)
  if (controller !== undefined) controllers[controller] ??= at
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

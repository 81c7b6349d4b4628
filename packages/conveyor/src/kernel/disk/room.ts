// Room that is kept aside on the disk, as files that are given up one by one when something that has to be written does
// not fit: a line of the journal, a routing table. Files and not one, since inodes run out too. Called by the store, the
// edge and the runtime around such writes, and by whoever fills the room up again in quiet times.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, rmSync, statfsSync, writeSync } from "node:fs"
import { dirname, join } from "node:path"
import { ConveyorError, describe } from "../errors/errors.ts"

export interface RoomOptions {
  /** Where the files are kept: beside what is written, on the same disk. */
  folder: string
  files: number
  bytesEach: number
}

const standardBytesEach = 1024 * 1024

/** The room beside a file: enough for a journal to grow and for a table to be written, a few times over. */
export function roomBeside(file: string, bytesEach = standardBytesEach): Room {
  return new Room({ folder: join(dirname(file), "reserve"), files: 4, bytesEach })
}

export class Room {
  readonly #options: RoomOptions

  constructor(options: RoomOptions) {
    this.#options = options
  }

  /** Keeps aside what is missing, as long as that leaves at least as much for everybody else. Says what is kept now. */
  keep(): "whole" | "short" {
    const { folder, files, bytesEach } = this.#options
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      for (let n = 0; n < files; n++) {
        const file = join(folder, String(n))
        if (existsSync(file)) continue
        if (freeBytes(folder) < 2 * files * bytesEach) return "short"
        fill(file, bytesEach)
      }
      return "whole"
    } catch {
      return "short"
    }
  }

  /** Runs `work`; where the disk is full, gives a file up and runs it again, until none is left. @throws ConveyorError "disk-full" */
  within<T>(work: () => T): T {
    for (;;) {
      try {
        return work()
      } catch (thrown) {
        if (!isDiskFull(thrown)) throw thrown
        if (!this.#giveUpOne()) throw diskFull(dirname(this.#options.folder), thrown)
      }
    }
  }

  /** As `within`, for work that takes its time. @throws ConveyorError "disk-full" */
  async withinAsync<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (thrown) {
        if (!isDiskFull(thrown)) throw thrown
        if (!this.#giveUpOne()) throw diskFull(dirname(this.#options.folder), thrown)
      }
    }
  }

  #giveUpOne(): boolean {
    const { folder } = this.#options
    const name = existsSync(folder) ? readdirSync(folder).at(-1) : undefined
    if (name === undefined) return false
    rmSync(join(folder, name), { force: true })
    return true
  }
}

const sqliteFull = 13

/** Whether that was thrown because of a full disk: its blocks, its inodes or a quota; also where it is the cause of another error. */
export function isDiskFull(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  if (thrown instanceof ConveyorError && thrown.code === "disk-full") return true
  const { code, errcode } = thrown as { code?: unknown; errcode?: unknown }
  return code === "ENOSPC" || code === "EDQUOT" || errcode === sqliteFull || isDiskFull(thrown.cause)
}

/** The error that says which disk it is, and how full. */
export function diskFull(folder: string, cause: unknown): ConveyorError {
  return new ConveyorError("disk-full", `the disk of ${folder} is full (${describe(cause)}): ${howFull(folder)}`, {
    facts: { folder },
    hint: `Make room there (\`df -h ${folder}\`, \`df -i ${folder}\`) and ask again; what serves users goes on meanwhile.`,
    cause,
  })
}

function howFull(folder: string): string {
  try {
    const { bavail, bsize, ffree, files } = statfsSync(folder)
    const inodes = files === 0 ? "" : `, ${ffree} inodes`
    return `${Math.floor((bavail * bsize) / 1024)} kB${inodes} free`
  } catch {
    return "how much is free cannot be told"
  }
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

function fill(file: string, bytes: number): void {
  const descriptor = openSync(file, "w", 0o600)
  try {
    // Written and not only allocated: a file with a hole keeps no room.
    if (writeSync(descriptor, Buffer.alloc(bytes)) < bytes) throw new Error("ENOSPC: only a part fitted")
    fsyncSync(descriptor)
  } catch (thrown) {
    rmSync(file, { force: true })
    throw thrown
  } finally {
    closeSync(descriptor)
  }
}

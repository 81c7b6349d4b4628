#!/usr/bin/env node
// The `conveyor` command. What it is compiled to is kept, so that a command, and the processes that it starts, begin sooner;
// therefore everything else is loaded after that was said.
import * as nodeModule from "node:module"
import { homedir } from "node:os"
import { join } from "node:path"

// Before anything is loaded that an older Node does not have.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(
    `✖ conveyor needs Node 22.13 or newer, and this is ${process.versions.node}\n→ Install one, or name another: PATH=/path/to/node/bin:$PATH\n`,
  )
  process.exit(3)
}

// In a folder of the user's own: what is found there is run.
const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache")
const folder = process.env["NODE_COMPILE_CACHE"] ?? join(cache, "conveyor", "compiled")
nodeModule.enableCompileCache(folder)
process.env["NODE_COMPILE_CACHE"] = folder

const { runCommand } = await import("./run-command.ts")
await runCommand()

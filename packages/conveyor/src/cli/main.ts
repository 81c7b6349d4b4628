#!/usr/bin/env node
// The `conveyor` command. What it is compiled to is kept, so that a command, and the processes that it starts, begin sooner;
// therefore everything else is loaded after that was said.
import { enableCompileCache } from "node:module"
import { homedir } from "node:os"
import { join } from "node:path"

// In a folder of the user's own: what is found there is run.
const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache")
const folder = process.env["NODE_COMPILE_CACHE"] ?? join(cache, "conveyor", "compiled")
enableCompileCache(folder)
process.env["NODE_COMPILE_CACHE"] = folder

const { runCommand } = await import("./run-command.ts")
await runCommand()

// A real browser for the tests that need one. Called by test.ts before it starts any.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { userInfo } from "node:os"

export const chromiumPath = "/usr/bin/chromium"

/** Says whether there is a Chromium now; root gets Debian's where there is none. */
export function installChromium(): boolean {
  if (existsSync(chromiumPath)) return true
  if (userInfo().uid !== 0) return false
  process.stderr.write("Installing Chromium for the browser tests (apt-get install chromium); this happens once.\n")
  const apt = (...argv: string[]) =>
    spawnSync("apt-get", argv, { stdio: ["ignore", 2, 2], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } })
  apt("update", "-q")
  apt("install", "-qy", "--no-install-recommends", "chromium")
  return existsSync(chromiumPath)
}

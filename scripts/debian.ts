// Real servers and a real browser from Debian, for the tests that need them. Called by test.ts before it starts any.
import { spawnSync } from "node:child_process"
import { existsSync, rmSync, writeFileSync } from "node:fs"
import { userInfo } from "node:os"

export interface DebianPackage {
  name: string
  /** The program that is there once it is installed. */
  program: string
}

export const chromium: DebianPackage = { name: "chromium", program: "/usr/bin/chromium" }
export const pgbouncer: DebianPackage = { name: "pgbouncer", program: "/usr/sbin/pgbouncer" }
export const haproxy: DebianPackage = { name: "haproxy", program: "/usr/sbin/haproxy" }
export const openssl: DebianPackage = { name: "openssl", program: "/usr/bin/openssl" }
export const h2load: DebianPackage = { name: "nghttp2-client", program: "/usr/bin/h2load" }
export const curl: DebianPackage = { name: "curl", program: "/usr/bin/curl" }
export const nginx: DebianPackage = { name: "nginx", program: "/usr/sbin/nginx" }
/** Server, frontend and what runs that; php-fpm is named so that no web server comes along. */
export const zabbix: readonly DebianPackage[] = [
  { name: "zabbix-server-pgsql", program: "/usr/sbin/zabbix_server" },
  { name: "zabbix-frontend-php", program: "/usr/share/zabbix/api_jsonrpc.php" },
  { name: "php-fpm", program: "/usr/bin/php" },
  { name: "php-pgsql", program: "/etc/php/8.2/mods-available/pgsql.ini" },
]

// Debian asks this script before a package starts its service; 101 says no. The tests start their own.
const servicePolicy = "/usr/sbin/policy-rc.d"

/** Gives the packages that are missing still: only root may install any. */
export function installPackages(wanted: readonly DebianPackage[]): DebianPackage[] {
  const isMissing = ({ program }: DebianPackage) => !existsSync(program)
  const missing = wanted.filter(isMissing)
  if (missing.length === 0 || userInfo().uid !== 0) return missing
  const names = missing.map(({ name }) => name)
  process.stderr.write(`Installing what tests need (apt-get install ${names.join(" ")}); this happens once.\n`)
  const ownsPolicy = !existsSync(servicePolicy)
  if (ownsPolicy) writeFileSync(servicePolicy, "#!/bin/sh\nexit 101\n", { mode: 0o755 })
  try {
    apt("update", "-q")
    apt("install", "-qy", "--no-install-recommends", ...names)
  } finally {
    if (ownsPolicy) rmSync(servicePolicy)
  }
  return missing.filter(isMissing)
}

function apt(...argv: string[]): void {
  spawnSync("apt-get", argv, { stdio: ["ignore", 2, 2], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } })
}

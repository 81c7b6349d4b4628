// npm test: every test of the repository, on real servers. With --long only the slow ones: soaks and kills by the hundred.
// Arguments that are paths narrow it down: npm test -- packages/conveyor/src/change
import { spawn } from "node:child_process"
import { globSync } from "node:fs"
import { chromium, curl, h2load, haproxy, installPackages, nginx, openssl, pgbouncer, zabbix } from "./debian.ts"

const isLong = process.argv.includes("--long")
const places = process.argv.slice(2).filter((argument) => !argument.startsWith("--"))

const all = globSync("{packages,florist,demo/src,scripts,test,bench}/**/*.test.ts", { exclude: (name) => name === "node_modules" })
const chosen = all
  .filter((file) => file.endsWith(".long.test.ts") === isLong)
  .filter((file) => places.length === 0 || places.some((place) => file.startsWith(place.replace(/^\.\//, ""))))
  .toSorted()
if (chosen.length === 0) throw new Error(`No test file lies under ${places.join(", ")}.`)

const needs = new Map([
  [chromium, chosen.filter((file) => file.includes(".browser."))],
  [h2load, chosen.filter((file) => file.includes("/http2/"))],
  [curl, chosen.filter((file) => file.includes("/http2/"))],
  [openssl, chosen.filter((file) => file.includes("/edge/embedded/"))],
  [pgbouncer, chosen.filter((file) => file.includes("pooler"))],
  ...zabbix.map((each) => [each, chosen.filter((file) => file.includes("zabbix"))] as const),
])
/** These run without it too, and leave out by name what they compare with. */
const compares = new Map([haproxy, nginx].map((each) => [each, chosen.filter((file) => file.includes("conformance"))]))
const missing = installPackages([...needs, ...compares].filter(([, files]) => files.length > 0).map(([each]) => each))
const impossible = new Set(missing.flatMap((each) => needs.get(each) ?? []))
for (const each of missing) {
  const [what, files] = needs.has(each) ? ["NOT RUN", needs.get(each)] : ["RUN IN PART", compares.get(each)]
  process.stderr.write(`${what}, because there is no ${each.name} and only root may install it: ${files?.join(", ") ?? ""}\n`)
  process.stderr.write(`  apt-get install ${each.name}\n`)
}

// Two at a time on two cores: more would only make the servers of the tests wait for each other.
const argv = [
  "--disable-warning=ExperimentalWarning",
  "--test",
  "--test-concurrency=2",
  "--test-reporter=spec",
  ...chosen.filter((file) => !impossible.has(file)),
]
const child = spawn(process.execPath, argv, { stdio: "inherit" })
child.on("exit", (code) => process.exit(code ?? 1))
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => child.kill(name))

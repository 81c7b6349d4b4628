// Rebuilds the projections of some shops, or of all, from the log: node florist/reports/src/rebuild.ts [shop ...]. Reads go on meanwhile.
import { readConfig } from "@florist/kit/config"
import { openFleet } from "@florist/kit/fleet"
import { rebuild } from "./rebuilding.ts"

const config = readConfig(process.env)
const fleet = openFleet({ service: "reports", directoryUrl: config.directoryUrl, poolSize: 2 })
const stop = new AbortController()
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}; what is read is as it was`)))

try {
  for (const id of await shopsNamed(process.argv.slice(2))) {
    const { facts } = await rebuild(await fleet.shop(id), { signal: stop.signal })
    process.stdout.write(`shop ${id}: ${facts} facts\n`)
  }
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`)
  process.exitCode = 1
} finally {
  await fleet.close()
}

async function shopsNamed(names: readonly string[]): Promise<number[]> {
  if (names.length === 0) return (await fleet.directory.query("SELECT id FROM directory.shop ORDER BY id")).map(({ id }) => Number(id))
  const unknown = names.find((name) => !/^[1-9]\d{0,14}$/.test(name))
  if (unknown !== undefined) throw new Error(`"${unknown}" is not the number of a shop.`)
  return names.map(Number)
}

// Requests of the conveyor's own, asked of the new version and the old one alike: evidence for a site that is quiet. Called
// by the step bake.
import type { Config } from "../config/config.ts"
import type { ComparisonCell } from "../edge/edge.ts"
import { Routes } from "../edge/routes.ts"
import type { Copy } from "../runtime/runtime.ts"
import { pairCell } from "./evidence/cells.ts"
import type { PathSeen } from "./evidence/cells.ts"
import type { Ports } from "./ports.ts"
import { routesOf } from "./fit/versions.ts"

/** One cell for each declared path that both versions have a copy for. */
export async function askBoth(
  { ports, config, signal }: { ports: Ports; config: Config; signal: AbortSignal },
  { newer, older }: { newer: string; older: string },
): Promise<ComparisonCell[]> {
  const routes = new Routes(routesOf(config))
  const running = (await ports.runtime.observe(signal)).copies.filter((copy) => copy.state === "running")
  const asked = config.release.bake.synthetic.map(async (path) => {
    const service = routes.serviceFor(path.replace(/[?#].*$/, ""))
    const [one, other] = [newer, older].map((version) => running.find((copy) => copy.version === version && copy.service === service))
    if (one === undefined || other === undefined) return undefined
    const [first, second] = await Promise.all([ask(ports, one, path, signal), ask(ports, other, path, signal)])
    return pairCell(path, first, second)
  })
  return (await Promise.all(asked)).filter((cell) => cell !== undefined)
}

async function ask({ queryPath, clock }: Ports, { address }: Copy, path: string, signal: AbortSignal): Promise<PathSeen> {
  const { status, ms } = await queryPath({ address, path, clock, signal })
  return { failed: status === undefined || status >= 500, ms }
}

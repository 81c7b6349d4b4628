// A real edge process in a directory of its own, for tests: launched, spoken to, killed, started again, and cleaned away.
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "../../kernel/time/clock.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { freePort } from "../../kernel/process/free-port.ts"
import { describedEdge } from "../contract/described-edge.ts"
import type { DescribedEdge } from "../contract/described-edge.ts"
import type { EdgeMember } from "../edge.ts"
import { createEmbeddedEdge } from "./adapter.ts"
import { killEdge, launchEdge, renewEdge, stopEdge } from "./process/launch.ts"
import type { RunningEdge } from "./process/launch.ts"
import type { EdgeSettings } from "./settings.ts"

const signal = new AbortController().signal

export interface EmbeddedEdgeUnderTest {
  member: EdgeMember
  /** The same, told all at once. */
  edge: DescribedEdge
  /** Where users reach it. */
  url: string
  running: RunningEdge
  stateDirectory: string
  readLog(): Promise<string>
  /** Ends the process as said; a later `restart` serves on the same port. */
  end(how: "SIGTERM" | "SIGKILL"): Promise<"stopped" | "killed" | "was-gone">
  restart(): Promise<void>
  /** A new worker and a new guard take over. */
  renew(): Promise<void>
  close(): Promise<void>
}

/** With `tls` among the settings it listens for that too. */
export async function embeddedEdge(settings: Partial<EdgeSettings> = {}): Promise<EmbeddedEdgeUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), "conveyor-edge-"))
  const [stateDirectory, logFile] = [join(directory, "state"), join(directory, "edge.log")]
  const secure = (settings.tls ?? "off") === "off" ? {} : { secure: { host: "127.0.0.1", port: 0 } }
  const somewhere = async () => ({ host: "127.0.0.1", port: await freePort() })
  const launch = { stateDirectory, logFile, settings, listen: await somewhere(), ...secure, clock: systemClock, signal }
  const attempt = async (left: number): Promise<RunningEdge> => {
    try {
      return await launchEdge(launch)
    } catch (thrown) {
      // A port that was free a moment ago may be somebody's by now.
      if (left > 0 && thrown instanceof ConveyorError && thrown.code === "port-occupied") {
        launch.listen = await somewhere()
        return attempt(left - 1)
      }
      await rm(directory, { recursive: true, force: true })
      throw thrown
    }
  }
  const running = await attempt(5)
  const under: EmbeddedEdgeUnderTest = {
    ...reach(running),
    running,
    stateDirectory,
    readLog: () => readFile(logFile, "utf8"),
    async end(how) {
      if (how === "SIGKILL") killEdge(under.running)
      return stopEdge(stateDirectory, { graceMs: 10_000, clock: systemClock, signal })
    },
    async restart() {
      under.running = await launchEdge(launch)
      Object.assign(under, reach(under.running))
    },
    async renew() {
      under.running = await renewEdge(launch)
      Object.assign(under, reach(under.running))
    },
    async close() {
      await stopEdge(stateDirectory, { graceMs: 2_000, clock: systemClock, signal })
      await rm(directory, { recursive: true, force: true })
    },
  }
  return under
}

function reach({ adminUrl, token, url }: RunningEdge): Pick<EmbeddedEdgeUnderTest, "member" | "edge" | "url"> {
  const member = createEmbeddedEdge({ adminUrl, token })
  return { member, edge: describedEdge(member), url }
}

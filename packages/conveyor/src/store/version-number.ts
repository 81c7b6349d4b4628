// "v42" as the number that it is counted by. Called by every adapter.
import { ConveyorError } from "../kernel/errors/errors.ts"

/** @throws ConveyorError "bad-version" */
export function numberOf(version: string): number {
  const found = /^v(\d+)$/.exec(version)
  if (found !== null) return Number(found[1])
  throw new ConveyorError("bad-version", `"${version}" is not a version`, {
    facts: { version },
    hint: "A version is written v42; `conveyor status` lists them.",
  })
}

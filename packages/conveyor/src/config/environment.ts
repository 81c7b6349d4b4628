// Environment variables as conveyor.yml gives them: to copies of every service, of one service, to the build, to the tests.
// Called by config.ts.
import { z } from "zod"
import { Secret } from "../kernel/secret.ts"
import { inPlaceOf } from "../kernel/yaml/wording.ts"

/** What a copy is told by the conveyor, and by nobody else. */
export const isReserved = (name: string): boolean => /^(PORT|HOST|CONVEYOR_\w*)$/.test(name)

export const variableName = /^[A-Za-z_]\w*$/

const aName = "a name of letters, digits and underscores that does not begin with a digit, such as DATABASE_URL"
const aValue = "a text; write '' for an empty one"

export const environment = z
  .record(
    z.string().regex(variableName, aName),
    z
      .string(aValue)
      .refine((text) => !text.includes("\0"), "a text without zero bytes: no environment can hold them")
      .transform((text) => new Secret(text)),
    inPlaceOf("names with values, such as { LOG_LEVEL: warn }"),
  )
  .superRefine((all, context) => {
    for (const name of Object.keys(all).filter(isReserved)) {
      context.addIssue({
        code: "custom",
        path: [name],
        message: "another name: the conveyor itself gives PORT, HOST and CONVEYOR_… to every copy",
      })
    }
  })

/** Whether a value of the file stands in an environment: it is a text then, whatever it looks like. */
export const isInEnvironment = (path: readonly PropertyKey[]): boolean => path.length > 1 && path.at(-2) === "environment"

// `secrets:` of conveyor.yml: variables whose values stand elsewhere, each with the one place where it is read. To copies of every
// service, of one service, to the build, to the tests, like `environment`. Called by config.ts.
import { z } from "zod"
import { inPlaceOf } from "../kernel/yaml/wording.ts"
import { variableName } from "./environment.ts"
import { command, file } from "./words.ts"

const aSource = 'one place to read it: { file: /path }, { env: NAME } or { command: "..." }'

const source = z
  .strictObject(
    { file: file.optional(), env: z.string().regex(variableName, "the name of a variable").optional(), command: command.optional() },
    inPlaceOf(aSource),
  )
  .refine((written) => Object.values(written).filter((value) => value !== undefined).length === 1, aSource)

export type SecretSource = z.infer<typeof source>
export type SecretSources = Readonly<Record<string, SecretSource>>

export const secrets = z.record(z.string(), source, inPlaceOf("names with places, such as { TOKEN: { file: /etc/shop/token } }"))

interface WithBoth {
  environment: object
  secrets: SecretSources
}

/** A name that stands in both would have two values, and one of them for everybody to read. */
export function objectionsToSecrets(
  groups: readonly { path: readonly string[]; of: WithBoth }[],
  isReserved: (name: string) => boolean,
): { path: string[]; message: string }[] {
  return groups.flatMap(({ path, of }) =>
    Object.keys(of.secrets).flatMap((name) => {
      const at = [...path, "secrets", name]
      if (!variableName.test(name)) return [{ path: at, message: "a name of letters, digits and underscores, such as TOKEN" }]
      if (isReserved(name))
        return [{ path: at, message: "another name: the conveyor itself gives PORT, HOST and CONVEYOR_… to every copy" }]
      return name in of.environment ? [{ path: at, message: "a name that does not stand in `environment` beside it, too" }] : []
    }),
  )
}

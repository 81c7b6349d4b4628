// ${NAME} and ${NAME:-default} in the values of a file, filled in after it was parsed: whatever a variable holds (quotes,
// "#", line ends, "007") arrives as it is, and can never become structure. Called by the reader of YAML.
import { visit } from "yaml"
import type { Document, Scalar } from "yaml"

export type Variables = Readonly<Record<string, string | undefined>>

/** A value that was filled in, and how it stands in the file: what it holds is shown to nobody. */
export interface Filled {
  asWritten: string
}

export interface MissingVariable {
  /** Of the value in the text, or of the key, and of the variable in that. */
  value: number
  in: "key" | "value"
  offset: number
  message: string
}

/** While the text is parsed they stand in for "$", "{" and "}", which mean something to YAML; as long as these, so that places stay. */
const [dollar, open, close] = ["\uE000", "\uE001", "\uE002"] as const
const variableOrMask = new RegExp(`${dollar}${open}([^${close}]*)${close}|[${open}${close}]`, "g")

/** `${...}` is hidden from the parser; a doubled dollar sign too, with the braces behind it, so that these stay what they are. */
export const masked = (text: string): string =>
  text.replaceAll(/(\$\$|\$)\{(\w+:-[^}\n]*|[^}\n'"]*)\}|\$\$/g, (_, dollars: string | undefined, inside: string | undefined) =>
    inside === undefined ? dollar + dollar : dollar.repeat(dollars?.length ?? 1) + open + inside + close,
  )

/** As it stood in the file. */
export const unmasked = (text: string): string => text.replaceAll(dollar, "$").replaceAll(open, "{").replaceAll(close, "}")

export const isReserved = (text: string): boolean => /[\uE000-\uE002]/.test(text)

/** Fills every value in place; gives what could not be filled, and marks what was. */
export function fillVariables(
  document: Document.Parsed,
  text: string,
  variables: Variables,
): { missing: MissingVariable[]; filled: Map<Scalar, Filled> } {
  const missing: MissingVariable[] = []
  const filled = new Map<Scalar, Filled>()
  visit(document, {
    Scalar(position, node) {
      if (typeof node.value !== "string") return
      const value = node.range?.[0] ?? 0
      const complain = (message: string, at: string) =>
        missing.push({ value, in: position === "key" ? "key" : "value", offset: Math.max(value, text.indexOf(at, value)), message })
      if (position !== "key" && node.value.includes("${")) complain("a ${ has no } behind it; write ${NAME}, or $$ for a dollar sign", "${")
      if (!isReserved(node.value)) return
      if (position === "key") {
        complain(`"${unmasked(node.value)}" is a key: variables are filled in in values only`, node.value)
        return
      }
      filled.set(node, { asWritten: unmasked(node.value) })
      // A doubled dollar sign is one, and begins no variable.
      node.value = node.value
        .split(dollar + dollar)
        .map((part) =>
          part.replaceAll(variableOrMask, (mask, inside?: string) =>
            inside === undefined ? unmasked(mask) : valueOf(inside, variables, (message) => complain(message, mask)),
          ),
        )
        .join("$")
    },
  })
  return { missing, filled }
}

function valueOf(inside: string, variables: Variables, complain: (message: string) => void): string {
  const [, name, fallback] = /^(\w+)(?::-(.*))?$/s.exec(inside) ?? []
  if (name === undefined || /^\d/.test(name)) {
    complain(`\${${inside}} names no variable; write \${NAME} or \${NAME:-default}, and $\${ for the characters themselves`)
    return ""
  }
  const value = variables[name]
  // As in a shell: with ":-" an empty variable counts as none.
  if (fallback !== undefined) return value === undefined || value === "" ? fallback.replaceAll("$$", "$") : value
  if (value !== undefined) return value
  complain(
    `\${${name}} is not set; set it where \`conveyor up\` is started, or write \${${name}:-default}, or $\${${name}} for the characters themselves`,
  )
  return ""
}

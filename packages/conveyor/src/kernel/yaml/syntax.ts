// What is wrong with the YAML itself, in words for people. Called by the reader of YAML.
import type { ErrorCode, YAMLError } from "yaml"

const words: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: "an alias takes no anchor and no tag of its own; take that away",
  BAD_ALIAS: "an alias is a * and the name of an anchor",
  BAD_COLLECTION_TYPE: "the tag does not fit what follows it",
  BAD_DIRECTIVE: 'a line that begins with "%" is a directive of YAML; take it away, or put quotes around the value',
  BAD_DQ_ESCAPE: 'in double quotes a "\\" begins an escape such as \\n or \\\\; put the value in single quotes to take it as it is',
  BAD_INDENT:
    "the line is not as far in as it should be: indent what belongs together with the same number of spaces, and close every bracket",
  BAD_PROP_ORDER: "an anchor or a tag stands in front of the value",
  BAD_SCALAR_START: "a value cannot begin with this character; put quotes around it",
  BLOCK_AS_IMPLICIT_KEY: 'there are two ": " in one line; put quotes around the value',
  BLOCK_IN_FLOW: "inside of [ ] and { } everything is written with commas and brackets; put quotes around the value",
  DUPLICATE_KEY: "the key stands here for the second time; keep one of the two",
  IMPOSSIBLE: "this cannot be read; write it in another form",
  KEY_OVER_1024_CHARS: "a key of more than 1,024 characters; is a quote left open?",
  MISSING_CHAR: "a bracket, brace, quote, comma or colon is missing here",
  MULTILINE_IMPLICIT_KEY: "a key stands on one line; is a quote left open, or a colon missing?",
  MULTIPLE_ANCHORS: "there are two anchors where one is right",
  MULTIPLE_DOCS: 'a second document begins here; the file is one document: take the "---" away',
  MULTIPLE_TAGS: "there are two tags where one is right",
  NON_STRING_KEY: "a key is a word",
  RESOURCE_EXHAUSTION: "brackets are nested too deep to be read; is one left open?",
  TAB_AS_INDENT: "a tab stands where lines are indented; indent with spaces",
  TAG_RESOLVE_FAILED: 'a "!" begins a tag, and no such tag is known here; take it away, or put quotes around the value',
  UNEXPECTED_TOKEN: "this cannot stand here; is something missing before it, or does the value want quotes?",
}

export const syntaxInWords = ({ code }: YAMLError): string => words[code]

/** What follows a first mistake of its kind mostly follows from it; but a key that stands twice is a mistake each time. */
export function worthTelling(errors: readonly YAMLError[]): YAMLError[] {
  const tooDeep = errors.find(({ code }) => code === "RESOURCE_EXHAUSTION")
  if (tooDeep !== undefined) return [tooDeep]
  return errors.filter(({ code }, i) => code === "DUPLICATE_KEY" || errors.findIndex((error) => error.code === code) === i)
}

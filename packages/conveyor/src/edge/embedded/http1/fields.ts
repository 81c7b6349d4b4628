// The field lines of a message, read strictly, for requests and answers alike: what two readers could understand
// differently is an error, never a guess. Pure; called by the readers of heads and of trailers.

/** What was read is no HTTP, or could be understood in two ways. */
export class Malformed extends Error {}

// The value begins with no space, so that no two parts of the pattern could take the same one: it stays linear.
const field = /([!#$%&'*+.^_`|~\w-]+):[\t ]*((?:[\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*)?)\r\n/y
const [lineFeed, carriageReturn, space, tab] = [0x0a, 0x0d, 0x20, 0x09]

/** Fields from `from` to the end of the text (latin1), names and values in turn. @throws Malformed */
export function readFields(text: string, from: number): string[] {
  const flat: string[] = []
  field.lastIndex = from
  for (let at = from; at < text.length; at = field.lastIndex) {
    const [, name, value] = field.exec(text) ?? []
    if (name === undefined || value === undefined) throw new Malformed("a header is malformed")
    flat.push(name, withoutTrailingSpace(value))
  }
  return flat
}

/** A head that is not whole yet can become none where a line of it ends with a lone line feed: nobody needs to wait for more. @throws Malformed */
export function refuseLoneLineFeeds(bytes: Buffer): void {
  for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
    if (bytes[at - 1] !== carriageReturn) throw new Malformed("a line of the head ends with a lone line feed")
  }
}

/** Whether a list like that of "Connection" holds the word, in small letters. */
export function lists(value: string | undefined, word: string): boolean {
  if (value === undefined) return false
  if (value.length === word.length) return value.toLowerCase() === word
  return value.split(",").some((each) => each.trim().toLowerCase() === word)
}

// Not `trimEnd`: the byte a0 is a space to it, and the end of a letter in UTF-8.
function withoutTrailingSpace(value: string): string {
  let end = value.length
  while (end > 0 && isSpace(value.charCodeAt(end - 1))) end--
  return end === value.length ? value : value.slice(0, end)
}

const isSpace = (code: number) => code === space || code === tab

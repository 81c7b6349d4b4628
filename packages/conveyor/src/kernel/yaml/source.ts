// The text of a file as a person saved it: only UTF-8 is read, and what is not is named for what it is. Called by the
// reader of YAML before it parses.

const mark = "\uFEFF"
const longest = 2 ** 20

/** The text without its byte order mark. */
export const withoutMark = (text: string): string => (text.startsWith(mark) ? text.slice(1) : text)

/** Why the text cannot be that of a YAML file; undefined where it can. */
export function unreadable(text: string): string | undefined {
  if (text.length > longest) return "this is longer than a megabyte; is it the right file?"
  // With a byte order mark, or without one: every second byte of plain letters is zero.
  if ((/^\uFFFD{2}/.test(text) && text.includes("\0")) || /^(\0[^\0]){2}|^([^\0]\0){2}/.test(text))
    return "this is UTF-16; save the file as UTF-8"
  if (text.includes("\0")) return "this is no text: there are zero bytes in it; write the file as UTF-8 text"
  if (text.includes("\uFFFD")) return "there are bytes in it that are not UTF-8; save the file as UTF-8"
  return undefined
}

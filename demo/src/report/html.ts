// HTML that cannot be broken by what is put into it: every value of the template is escaped, save what is HTML already.
// Used by all sections of the page.

export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

type Insert = string | number | Html | readonly Html[]

export function html(pieces: TemplateStringsArray, ...inserts: Insert[]): Html {
  return new Html(pieces.reduce((text, piece, n) => `${text}${insertText(inserts[n - 1] ?? "")}${piece}`))
}

/** For a `<script type="application/json">`: no string in it can end the element. */
export function jsonForScript(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029"))
}

function insertText(insert: Insert): string {
  if (insert instanceof Html) return insert.text
  if (typeof insert === "object") return insert.map(({ text }) => text).join("")
  return String(insert).replaceAll(/[&<>"']/g, (sign) => escaped[sign] ?? sign)
}

const escaped: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }

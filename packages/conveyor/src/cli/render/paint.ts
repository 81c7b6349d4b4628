// Colours and small shapes of text. Colours go away by themselves where nobody can see them.
import { stripVTControlCharacters } from "node:util"
import pc from "picocolors"

// A CI system is no reader of colours: only a terminal is, or whoever asks for them.
const { env, stdout } = process
const wantsColours = env["NO_COLOR"] === undefined && (env["FORCE_COLOR"] !== undefined || stdout.isTTY)

export const { bold, dim, red, green, yellow, cyan } = pc.createColors(wantsColours)

/** A bar of `width` characters, filled to `share` (0 to 1). */
export function bar(share: number, width: number): string {
  const eighths = " ▏▎▍▌▋▊▉"
  const filled = Math.max(0, Math.min(1, share)) * width
  const whole = Math.floor(filled)
  const part = whole < width ? (eighths[Math.floor((filled - whole) * 8)] ?? " ") : ""
  return `${"█".repeat(whole)}${part}`.padEnd(width)
}

/** Columns as wide as their widest cell. */
export function columns(rows: readonly (readonly string[])[], gap = "  "): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => visible(row[i] ?? ""))))
  return rows.map((row) =>
    row
      .map((cell, i) => cell + " ".repeat((widths[i] ?? 0) - visible(cell)))
      .join(gap)
      .trimEnd(),
  )
}

// Colour sequences take no room on the screen.
const visible = (text: string) => stripVTControlCharacters(text).length

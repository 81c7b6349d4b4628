// How long a browser may keep what it got, where another version may stand at the same address tomorrow. Pure; called for
// the headers of answers.
import type { Pin } from "./pin.ts"

export interface Cacheability {
  cacheControl: string | undefined
  /** "Last-Modified" or "Expires" is there, by which a browser keeps an answer without being told to. */
  isDated: boolean
}

/**
 * What "Cache-Control" is to say instead; undefined where the answer's own word stands. What a script asks for varies by its
 * header. What a browser fetches by itself (a script, a style, an image) carries none: it is kept, and looked at again
 * before each use, unless its name changes with its content.
 */
export function freshnessFor(pin: Pin, { cacheControl, isDated }: Cacheability): string | undefined {
  if (pin.kind === "document" || !pin.isOfBrowser || pin.by === "header" || pin.by === "url" || isNamedByContent(pin.path)) return undefined
  if (cacheControl === undefined) return isDated ? "no-cache" : undefined
  if (/\b(?:no-store|no-cache|immutable)\b/i.test(cacheControl) || !/\bmax-age=[1-9]/i.test(cacheControl)) return undefined
  return `${cacheControl.replaceAll(/\bmax-age=\d+/gi, "max-age=0")}, must-revalidate`
}

/** "app.3f9a2c1b.js", "index-BxK3j2_a.js": a part of the name that no word has. */
export function isNamedByContent(path: string): boolean {
  const parts = path.slice(path.lastIndexOf("/") + 1).split(/[.]|-(?=[\w-]{8,}\.)/)
  return parts
    .slice(1, -1)
    .some((part) => part.length >= 8 && /^[\w-]+$/.test(part) && (/\d/.test(part) || (/[a-z]/.test(part) && /[A-Z]/.test(part.slice(1)))))
}

const fileName = /\.[A-Za-z0-9]{1,8}$/
const ofData = new Set(["empty", undefined])

/** Whether a GET may ask for a file of some version's build, which other versions may not have. */
export function mayBeAsset(pin: Pin, destination: string | undefined): boolean {
  return pin.kind === "part" && (!ofData.has(destination) || fileName.test(pin.path))
}

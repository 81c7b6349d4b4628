// Durations: numbers of milliseconds inside the program, "15m" in files and on the screen.

export const milliseconds = (n: number): number => n
export const seconds = (n: number): number => n * 1_000
export const minutes = (n: number): number => n * 60_000
export const hours = (n: number): number => n * 3_600_000

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof unitMs

/** Reads "250ms", "15s", "15m", "2h", "1d" or a sum such as "1h30m"; gives milliseconds, or undefined. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    sum += Number(amount) * unitMs[unit as Unit]
  }
  return sum
}

/** Writes milliseconds for a person, in at most two units: 950 -> "950 ms", 75_000 -> "1 m 15 s". */
export function formatDuration(ms: number): string {
  // Rounded first, so that no unit is written full: 59.6 s is 1 m.
  if (Math.round(ms) < 1_000) return `${Math.round(ms)} ms`
  if (Math.round(ms / 1_000) < 60) return `${trim(ms / 1_000)} s`
  const whole = Math.round(ms / 1_000)
  const [h, m, s] = [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60), whole % 60]
  if (h > 0) return m > 0 ? `${h} h ${m} m` : `${h} h`
  return s > 0 ? `${m} m ${s} s` : `${m} m`
}

const trim = (n: number) => (n < 10 ? n.toFixed(1).replace(/\.0$/, "") : String(Math.round(n)))

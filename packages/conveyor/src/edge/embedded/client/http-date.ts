// The time as "Date" headers say it, made once a second. Called for each answer that brings none.

let [text, madeAt] = ["", -1]

export function httpDate(nowMs: number): string {
  const second = Math.floor(nowMs / 1_000)
  if (second !== madeAt) [text, madeAt] = [new Date(nowMs).toUTCString(), second]
  return text
}

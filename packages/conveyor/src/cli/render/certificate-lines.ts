// Certificates in words: what they are for, how long they last, and what is wrong with what lies in their files. Called by the
// commands status and certificates; `now` in ms.
import { formatDuration } from "../../kernel/time/duration.ts"
import type { CertificateReport } from "../../server/protocol/reports.ts"
import { dim, green, red, yellow } from "./paint.ts"

const dayMs = 86_400_000
/** Whatever renews certificates has begun to by then. */
const soonMs = 14 * dayMs

export function certificateLines(certificates: readonly CertificateReport[], now: number): string[] {
  return certificates.flatMap(({ hosts, notAfter, source, problem }) => [
    `  ${hosts.join(", ")}  ${lasts(notAfter - now)}  ${dim(source)}`,
    ...(problem === undefined ? [] : [red(`    ${problem}`)]),
  ])
}

/** Those of which a person has to know. */
export const inTrouble = (certificates: readonly CertificateReport[], now: number): CertificateReport[] =>
  certificates.filter(({ notAfter, problem }) => problem !== undefined || notAfter - now < soonMs)

function lasts(leftMs: number): string {
  if (leftMs <= 0) return red(`expired ${formatDuration(-leftMs)} ago`)
  const text = leftMs > dayMs ? `${Math.floor(leftMs / dayMs)} days left` : `${formatDuration(leftMs)} left`
  return leftMs < soonMs ? yellow(text) : green(text)
}

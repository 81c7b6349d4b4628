// In which order new copies are started, so many at once: the first of each service before the second of any. Pure.
// Called by the plan of a run.
import type { ServiceSpec } from "../../runtime/runtime.ts"

/** Services, by name, with the number of their copies that are wanted once the wave is begun. */
export type Wave = Readonly<Record<string, number>>

export interface Wish {
  service: string
  copies: number
}

/** `wanted`: how many of each are wanted already; none of these is given up or started again. */
export function wavesOf(services: readonly Wish[], wanted: Readonly<Record<string, number>>, atOnce: number): Wave[] {
  const places = services.flatMap(({ service, copies }) =>
    Array.from({ length: copies }, (_, index) => ({ service, index })).slice(wanted[service] ?? 0),
  )
  const inOrder = places.toSorted((one, other) => one.index - other.index)
  return Array.from({ length: Math.ceil(inOrder.length / atOnce) }, (_, wave) =>
    Object.fromEntries(inOrder.slice(wave * atOnce, (wave + 1) * atOnce).map(({ service, index }) => [service, index + 1])),
  )
}

/** What the runtime is told for a wave: each of its services, and no more of it than that. */
export const specsOfWave = (specs: readonly ServiceSpec[], wave: Wave): ServiceSpec[] =>
  specs.flatMap((spec) => {
    const copies = wave[spec.service]
    return copies === undefined ? [] : [{ ...spec, copies }]
  })

/** "auto" leaves half of the cores to those who are served meanwhile. */
export const atOnceOf = (atOnce: number | "auto", cores: number): number =>
  atOnce === "auto" ? Math.max(1, Math.floor(cores / 2)) : atOnce

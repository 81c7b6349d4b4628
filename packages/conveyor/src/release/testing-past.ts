// A long past, and how much of it is read. Called by the tests of what is asked often.
import type { Ports } from "./ports.ts"
import type { Rehearsal } from "./rehearsal.ts"

/** Versions that were built, failed and stopped: nothing is left of them but their records. */
export async function addStopped({ store }: Rehearsal, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    const { name } = await store.versions.ensure(`old-${i}`, "Old")
    await store.versions.built(name, { id: `art-${i}`, kind: "directory", ref: "/" }, [])
    await store.versions.stopped(name)
    await store.queue.setState((await store.queue.enqueue("release", name)).id, "failed")
  }
}

/** How often the work asks the store, and how many records it is given. */
export async function askedOf(ports: Ports, work: (ports: Ports) => Promise<unknown>): Promise<{ questions: number; records: number }> {
  const counts = { questions: 0, records: 0 }
  const counted = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== "function") return value
        return async (...argv: unknown[]): Promise<unknown> => {
          const answer: unknown = await Reflect.apply(value, target, argv)
          counts.questions++
          counts.records += Array.isArray(answer) ? answer.length : 1
          return answer
        }
      },
    })
  await work({ ...ports, journal: counted(ports.journal), versions: counted(ports.versions), queue: counted(ports.queue) })
  return counts
}

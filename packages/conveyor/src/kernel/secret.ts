// A value that nobody may read by accident: wherever it is printed, logged, sent or put into JSON it is dots. Made where
// one is read (conveyor.yml, a file, the command line); taken out, by one call that can be searched for, where it is used.
import { inspect } from "node:util"

const dots = "••••••"

export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. Called only at the edge where it is used: an environment, a connection, a file for its owner alone. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return dots
  }

  toJSON(): string {
    return dots
  }

  [Symbol.toPrimitive](): string {
    return dots
  }

  [inspect.custom](): string {
    return dots
  }
}

/** Environment variables; what conveyor.yml gives is secret, what the conveyor itself tells is not. */
export type Environment = Readonly<Record<string, string | Secret>>

/** For the process that is started with it. */
export function revealed(environment: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, typeof value === "string" ? value : value.reveal()]))
}

// What one endpoint of the API is: its place, what may be asked, what is answered. endpoints.ts lists them; the API
// serves what is listed, and a client can ask nothing else.
import type { z } from "zod"

/** The names in a path: "/v1/runs/:id" has "id". */
type NamesIn<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | NamesIn<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never

export type ParamsOf<Path extends string> = Readonly<Record<NamesIn<Path>, string>>

export interface Endpoint<Path extends string = string, Input extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType> {
  /** GET changes nothing and has its input in the query; POST asks for something and has it in its JSON body. */
  method: "GET" | "POST"
  path: Path
  input: Input
  answer: Answer
}

export type AnswerOf<E> = E extends Endpoint<string, z.ZodType, infer Answer> ? z.infer<Answer> : never
/** As a client sends it. */
export type InputOf<E> = E extends Endpoint<string, infer Input> ? z.input<Input> : never
export type PathOf<E> = E extends Endpoint<infer Path> ? Path : never

export function get<Path extends string, Input extends z.ZodType, Answer extends z.ZodType>(path: Path, input: Input, answer: Answer) {
  return { method: "GET", path, input, answer } as const satisfies Endpoint
}

export function post<Path extends string, Input extends z.ZodType, Answer extends z.ZodType>(path: Path, input: Input, answer: Answer) {
  return { method: "POST", path, input, answer } as const satisfies Endpoint
}

/** The path with its names replaced, each as one segment whatever is in it. */
export function pathWith(path: string, params: Readonly<Record<string, string>>): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ""))
}

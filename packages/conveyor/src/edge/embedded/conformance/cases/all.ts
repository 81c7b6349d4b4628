// Every case that the edge is held to. Read by the conformance test and by the fuzzer, which bends them.
import type { Case } from "../case.ts"
import { answers } from "./answers.ts"
import { chunks } from "./chunks.ts"
import { exchanges } from "./exchanges.ts"
import { framing } from "./framing.ts"
import { heads } from "./heads.ts"
import { targets } from "./targets.ts"

export const allCases: readonly Case[] = [...framing, ...chunks, ...heads, ...targets, ...exchanges, ...answers]

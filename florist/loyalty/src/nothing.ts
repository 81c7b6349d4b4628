// What deletions answer that are published with a status of success and a body that says nothing. Called by dictionaries and celebrations.
import { z } from "zod"

export const nothingOut = z.object({ meta: z.object({}) })

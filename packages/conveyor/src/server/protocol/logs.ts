// The output of copies as the API tells it while it comes: a line of JSON for each line.
import { z } from "zod"

export const logsFollowedPath = "/v1/logs/followed"

export const logNews = z.object({ copy: z.string(), service: z.string(), version: z.string(), text: z.string() })
export type LogNews = z.infer<typeof logNews>

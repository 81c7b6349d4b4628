// Starts the reports service.
import { serve } from "@florist/kit/serve"
import { reports } from "./service.ts"

await serve(reports)

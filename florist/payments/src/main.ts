// Starts the payments service.
import { serve } from "@florist/kit/serve"
import { payments } from "./service.ts"

await serve(payments)

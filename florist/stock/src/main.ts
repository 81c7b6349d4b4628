import { serve } from "@florist/kit/serve"
import { stock } from "./service.ts"

await serve(stock)

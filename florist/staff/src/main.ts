// Starts the staff service.
import { serve } from "@florist/kit/serve"
import { staff } from "./service.ts"

await serve(staff)

import { serve } from "@florist/kit/serve"
import { orders } from "./service.ts"

await serve(orders)

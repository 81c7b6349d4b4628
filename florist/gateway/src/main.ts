// Starts the gateway.
import { serve } from "@florist/kit/serve"
import { gatewayFrom } from "./service.ts"

await serve(gatewayFrom(process.env))

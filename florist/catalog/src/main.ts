// Starts the catalog service.
import { serve } from "@florist/kit/serve"
import { catalog } from "./service.ts"

await serve(catalog)

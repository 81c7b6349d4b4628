// The loyalty service's process. Started by Conveyor and by `npm run florist`.
import { serve } from "@florist/kit/serve"
import { loyalty } from "./service.ts"

await serve(loyalty)

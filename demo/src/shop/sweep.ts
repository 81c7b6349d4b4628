import type { Furnished } from "./furnish.ts"
import type { PlayedDay } from "./played-day.ts"
import type { PublishedExchange } from "./published-exchange.ts"
export async function sweep(_: { asked: PublishedExchange; shop: Furnished; played: PlayedDay }): Promise<void> {}

// npm run florist: the whole platform on this machine, with a shop in which a season was lived, until Ctrl-C.
import { parseArgs } from "node:util"
import pc from "picocolors"
import { cloneShops, enterCopies } from "./clone.ts"
import { Terminal } from "../terminal.ts"
import { demoPassword, employees, ownerName, storeTitles } from "./people.ts"
import { startPlatform } from "./platform.ts"
import type { Platform } from "./platform.ts"
import { playSeason } from "./season.ts"
import { settle } from "./settle.ts"

const help = `npm run florist -- [options]

  --port <n>    where it listens (8080)
  --days <n>    days of trade that are played: the last ones up to this hour, the others up to 8 March (28)
  --orders <n>  customers of a usual day (8)
  --shops <n>   shops beside the first, which are copies of it under other user names (0)
  --seed <n>    another season (1)
  --help        this
`

interface Asked {
  port: number
  days: number
  orders: number
  shops: number
  seed: number
}

const firstShop = 1
/** A person needs that long to find the telephone. */
const bankPaysAfterMs = 4_000

const stop = new AbortController()
process.exitCode = await main()

async function main(): Promise<number> {
  const asked = readOptions()
  if (typeof asked === "number") return asked
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)))
  // Whoever read along has gone (`| head`, a closed terminal): everything is taken down all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => stop.abort(new Error("nobody reads along")))
  const terminal = new Terminal()
  try {
    await run(asked, terminal)
    return 0
  } catch (thrown) {
    terminal.end()
    if (stop.signal.aborted) return 0
    process.stderr.write(`\n${pc.red("✖")} ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`)
    return 1
  } finally {
    terminal.end()
  }
}

async function run(asked: Asked, terminal: Terminal): Promise<void> {
  const clones = Array.from({ length: asked.shops }, (_, index) => firstShop + 1 + index)
  terminal.chapter("Florist on this machine")
  await using platform = await startPlatform({
    signal: stop.signal,
    shardCount: 1,
    port: asked.port,
    shops: [firstShop, ...clones],
    bankPaysAfterMs,
    logLevel: "error",
    onStep: (doing) => terminal.doing(doing),
  })
  terminal.line(`PostgreSQL, ${platform.services.pids.size} processes, the schema of ${platform.shards.length} shard`)
  await season(platform, asked, terminal)
  if (clones.length > 0) await copy(platform, clones, terminal)
  tell(platform, clones, terminal)
  await new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve(), { once: true }))
  terminal.doing("taking everything down")
}

async function season(platform: Platform, { days, orders, seed }: Asked, terminal: Terminal): Promise<void> {
  const [shard] = platform.shards
  const owner = { username: ownerName, firstName: "Olga", lastName: "Vetrova", password: demoPassword }
  const opened = await platform.openShop({
    id: firstShop,
    shard: shard?.name ?? "",
    name: "Rose & Wind",
    city: "Tver",
    store: {
      title: storeTitles[0],
      address: "Stepana Razina 3",
    },
    owner,
  })
  const { services } = platform
  const startedAt = Date.now()
  const { requests } = await playSeason({
    url: services.url,
    bankUrl: services.bankUrl,
    shop: { store: opened.store, owner: opened.owner, ownerPassword: demoPassword },
    days,
    ordersADay: orders,
    seed,
    now: new Date(),
    signal: stop.signal,
    onProgress: ({ day, days: of, date }) => terminal.doing(`a season is lived: day ${day} of ${of}, ${date}`),
  })
  terminal.doing("every service hears of everything")
  await settle(platform.shards, { signal: stop.signal })
  const seconds = ((Date.now() - startedAt) / 1_000).toFixed(0)
  terminal.line(`A season of ${days} days, lived in ${seconds} s through ${requests} requests`)
}

async function copy({ shards, directoryUrl }: Platform, clones: readonly number[], terminal: Terminal): Promise<void> {
  terminal.doing(`copying the shop ${clones.length} times`)
  const [shard] = shards
  const { rows } = await cloneShops({ url: shard?.url ?? "", model: firstShop, shops: clones })
  await enterCopies({ directoryUrl, model: firstShop, shard: shard?.name ?? "", shops: clones })
  terminal.line(`${clones.length} copies of the shop, ${rows} rows`)
}

function tell({ services }: Platform, clones: readonly number[], terminal: Terminal): void {
  const row = (what: string, where: string, why = "") => terminal.line(`${what.padEnd(22)}${where.padEnd(48)}${pc.dim(why)}`)
  terminal.chapter("It is up, until Ctrl-C")
  row("The register", services.url, "sell, deliver, write off, close the shift")
  row("The API's description", `${services.url}/api/v1/openapi.json`, "every operation, the published ones and ours")
  row("The bank's simulator", `${services.bankUrl}/simulator/qrs`, `pays each QR code by itself after ${bankPaysAfterMs / 1_000} s`)
  terminal.chapter(`Who signs in, each with the password ${pc.bold(demoPassword)}`)
  for (const { role, username } of [{ role: "owner", username: ownerName }, ...employees]) row(role, username)
  const [first] = clones
  if (first !== undefined) terminal.line(`The copies' people have their shop's number behind their names: ${ownerName}.${first}`)
}

/** @returns the exit code where there is nothing to do. */
function readOptions(): Asked | number {
  try {
    const text = (value: string) => ({ type: "string", default: value }) as const
    const { values } = parseArgs({
      options: {
        port: text("8080"),
        days: text("28"),
        orders: text("8"),
        shops: text("0"),
        seed: text("1"),
        help: { type: "boolean", short: "h", default: false },
      },
    })
    if (values.help) {
      process.stdout.write(help)
      return 0
    }
    const whole = (name: "port" | "days" | "orders" | "shops" | "seed", least: number, most: number) => {
      const n = Number(values[name])
      if (!/^\d+$/.test(values[name]) || n < least || n > most)
        throw new Error(`--${name} takes a whole number from ${least} to ${most}, not "${values[name]}"`)
      return n
    }
    return {
      port: whole("port", 1, 65_535),
      days: whole("days", 1, 400),
      orders: whole("orders", 1, 1_000),
      shops: whole("shops", 0, 10_000),
      seed: whole("seed", 0, 4_294_967_295),
    }
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${help}`)
    return 2
  }
}

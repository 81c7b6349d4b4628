// Starts the bank that Florist's payments are made with: a simulator of the Faster Payments System as one bank offers it to its merchants. Its state
// is in memory and ends with it. Prints its address as a line of JSON; ends at SIGTERM.
import { createBank } from "./app.ts"
import { readBankConfig } from "./config.ts"

const config = readBankConfig(process.env)
const bank = await createBank(config)
const stop = () => void bank.close().then(() => bank.log.info("stopped"))
process.once("SIGTERM", stop)
process.once("SIGINT", stop)
const address = await bank.listen({ host: config.host, port: config.port })
bank.log.info({ address }, "listening")

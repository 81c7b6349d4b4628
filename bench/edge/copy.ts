// A small copy of a service, as a process: a read answers with a kilobyte of JSON, a write with what it took. Prints its
// port and ends with its standard input, so that it never outlives whoever started it. Started by stage.ts.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

const goods = Array.from({ length: 12 }, (_, id) => ({ id, name: `Rose of sort ${id}`, price: 12_500 + id, stock: 100 * id, unit: "stem" }))
const catalog = Buffer.from(JSON.stringify({ goods }))
const json = { "content-type": "application/json" }

const server = createServer((request, response) => {
  if (request.method === "GET") {
    response.writeHead(200, { ...json, "content-length": catalog.length }).end(catalog)
    return
  }
  let bytes = 0
  request.on("data", (chunk: Buffer) => (bytes += chunk.length))
  request.once("end", () => {
    const taken = JSON.stringify({ bytes })
    response.writeHead(201, { ...json, "content-length": taken.length }).end(taken)
  })
})

server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
process.stdin.resume().once("end", () => process.exit(0))

// The least that a proxy made of Node's own HTTP can do: every request goes to one copy, nothing is kept, told apart or
// asked again. What the edge costs beyond this is the edge's own. Prints its port; ends with its standard input.
import { Agent, createServer, request } from "node:http"
import type { AddressInfo } from "node:net"

const port = process.argv[2] ?? ""
const agent = new Agent({ keepAlive: true, scheduling: "lifo", timeout: 4_000, maxFreeSockets: 1_024 })

const server = createServer((incoming, response) => {
  const { method, url, rawHeaders } = incoming
  const outgoing = request({ host: "127.0.0.1", port, agent, method, path: url, headers: rawHeaders }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    answer.pipe(response)
  })
  outgoing.once("error", () => response.destroy())
  if (method === "GET") outgoing.end()
  else incoming.pipe(outgoing)
})

server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
process.stdin.resume().once("end", () => process.exit(0))

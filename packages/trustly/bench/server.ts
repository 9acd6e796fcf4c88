/** The server: reads the body, answers. In a process of its own, it tells its port, and what it got last when asked. */
import { createServer } from "node:http"
import { answer } from "./payload.ts"

let last = ""

const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(answer) }

const server = createServer((request, response) => {
  let body = ""
  request.setEncoding("utf8")
  request.on("data", (chunk: string) => {
    body += chunk
  })
  request.on("end", () => {
    last = body
    response.writeHead(200, headers)
    response.end(answer)
  })
})
// a contender waits for its turn longer than this would otherwise be
server.keepAliveTimeout = 3_600_000

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (typeof address === "object") process.send?.(address?.port)
})
process.on("message", () => process.send?.(last))

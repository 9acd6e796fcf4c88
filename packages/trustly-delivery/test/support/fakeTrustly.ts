// @effect-diagnostics globalTimers:off -- the server does not use Effect, so that it is independent of the code under test
/** A fake Trustly server on loopback that records requests and injects failures. */
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"

export interface Write {
  readonly customerId: string
  readonly vip: number
  readonly at: number
}

/** How to respond to a request: with a status, a connection reset, no response, or success. */
export type Answer = number | "reset" | "silence" | "ok"

export class FakeTrustly {
  readonly writes: Array<Write> = []
  /** Customers that had two requests in flight at the same time. */
  readonly overlaps: Array<string> = []
  requests = 0
  delay = 5
  accessKey = "right"
  answer: (n: number, customerId: string) => Answer = () => "ok"
  readonly #inFlight = new Map<string, IncomingMessage>()
  readonly #server = createServer((request, response) => void this.#handle(request, response))

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve))
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address()
    if (address === null || typeof address === "string") throw new Error("Server is not listening")
    return address.port
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** The values written for a customer, in the order in which they arrived. */
  valuesOf(customerId: string): ReadonlyArray<number> {
    return this.writes.filter((write) => write.customerId === customerId).map(({ vip }) => vip)
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === "/count") {
      response.end(String(this.writes.length))
      return
    }
    const customerId = request.url?.split("/").at(-1) ?? ""
    const n = ++this.requests
    const body = await text(request).catch(() => "")
    const previous = this.#inFlight.get(customerId)
    if (previous !== undefined && !previous.socket.destroyed) this.overlaps.push(customerId)
    this.#inFlight.set(customerId, request)
    const end = () => {
      if (this.#inFlight.get(customerId) === request) this.#inFlight.delete(customerId)
    }
    request.socket.once("close", end)
    response.once("close", () => request.socket.off("close", end))

    const key = Buffer.from(request.headers.authorization?.slice(6) ?? "", "base64").toString().split(":")[1]
    const answer = key === this.accessKey ? this.answer(n, customerId) : 401
    if (request.method === "POST" && answer !== 401) {
      this.writes.push({ customerId, vip: Number(JSON.parse(body).vip), at: performance.now() })
    }
    if (answer === "silence") return
    await new Promise((resolve) => setTimeout(resolve, this.delay))
    end()
    if (answer === "reset") {
      request.socket.destroy()
      return
    }
    const status = answer === "ok" ? 200 : answer
    const customer = { customerId, name: "Jo", email: "jo@example.com", phone: "+1", address: { country: "US" } }
    response.writeHead(status, { "content-type": "application/json" })
    response.end(JSON.stringify(status === 200 ? { customer } : { errors: [{ code: 330, message: "Rejected" }] }))
  }
}

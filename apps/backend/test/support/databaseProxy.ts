/** Forwards connections to Postgres until it freezes: like a server that hangs, it then accepts connections and never answers. */
import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"

export class DatabaseProxy {
  readonly #target: URL
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((client) => this.#forward(client))
  #isFrozen = false
  #trigger: string | undefined

  private constructor(target: URL) {
    this.#target = target
  }

  /** Starts in front of the database at `url`. */
  static async start(url: string): Promise<DatabaseProxy> {
    const proxy = new DatabaseProxy(new URL(url))
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening")
    return proxy
  }

  get url(): string {
    const url = new URL(this.#target)
    const address = this.#server.address()
    if (address !== null && typeof address === "object") url.port = String(address.port)
    return url.href
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  freeze(): void {
    this.#isFrozen = true
  }

  /** Freezes before the first statement that contains a text. */
  freezeAt(text: string): void {
    this.#trigger = text
  }

  stop(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #forward(client: Socket): void {
    const server = connect(Number(this.#target.port), this.#target.hostname)
    for (const [from, to] of [[client, server], [server, client]] as const) {
      this.#sockets.add(from)
      from.on("data", (bytes) => {
        if (this.#trigger !== undefined && bytes.includes(this.#trigger)) this.freeze()
        if (!this.#isFrozen) to.write(bytes)
      })
      from.on("error", () => {}).on("close", () => this.#isFrozen || to.destroy())
    }
  }
}

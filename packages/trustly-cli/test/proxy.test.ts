import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Scope } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { createServer, request } from "node:http"
import { connect } from "node:net"
import { assertRefused, customerId, runWith, seen } from "./program.ts"

/** A proxy that forwards requests and opens tunnels, and what it was asked for. */
const proxy: Effect.Effect<{ readonly url: string; readonly asked: ReadonlyArray<string> }, never, Scope.Scope> = Effect
  .gen(
    function*() {
      const asked: Array<string> = []
      const server = yield* Effect.acquireRelease(
        Effect.sync(() =>
          createServer((incoming, response) => {
            asked.push(`${incoming.method} ${incoming.url}`)
            const { headers, method, url = "" } = incoming
            incoming.pipe(request(url, { headers, method }, (answer) => {
              response.writeHead(answer.statusCode ?? 502, answer.headers)
              answer.pipe(response)
            }))
          }).on("connect", (incoming, socket, head) => {
            asked.push(`CONNECT ${incoming.url}`)
            const [host, port] = (incoming.url ?? "").split(":")
            const target = connect(Number(port), host, () => {
              socket.write("HTTP/1.1 200 OK\r\n\r\n")
              target.write(head)
              target.pipe(socket)
              socket.pipe(target)
            })
            target.on("error", () => socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"))
            socket.on("error", () => target.destroy())
          })
        ),
        (running) =>
          Effect.sync(() => {
            running.close()
            running.closeAllConnections()
          })
      )
      yield* Effect.async<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      })
      const address = server.address()
      return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`, asked }
    }
  )

describe.concurrent("requests", () => {
  for (const name of ["HTTP_PROXY", "http_proxy"]) {
    it.scopedLive(`go through the proxy that ${name} names`, () =>
      Effect.gen(function*() {
        const { asked, url } = yield* proxy
        const ended = yield* runWith(["get", customerId], { env: { [name]: url } })
        assert.deepStrictEqual([ended.status, ended.stderr], [0, ""])
        assert.isNotEmpty(asked)
        assert.deepStrictEqual(yield* seen, ["GET"])
      }).pipe(Effect.provide(TrustlySandbox.layer())))
  }

  it.scopedLive("to https go through the proxy that HTTPS_PROXY names", () =>
    Effect.gen(function*() {
      const { asked, url } = yield* proxy
      const env = { HTTPS_PROXY: url, TRUSTLY_BASE_URL: "https://127.0.0.1:9/api/v1", TRUSTLY_RETRY_TIMES: "0" }
      const ended = yield* runWith(["get", customerId], { env })
      assert.strictEqual(ended.status, 1)
      assert.deepStrictEqual(asked, ["CONNECT 127.0.0.1:9"])
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.scopedLive("go straight to the hosts that NO_PROXY names", () =>
    Effect.gen(function*() {
      const { asked, url } = yield* proxy
      for (const NO_PROXY of ["127.0.0.1", "*", "example.com,127.0.0.1"]) {
        const ended = yield* runWith(["get", customerId], { env: { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY } })
        assert.deepStrictEqual([ended.status, ended.stderr], [0, ""])
      }
      assert.deepStrictEqual(asked, [])
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.scopedLive("are refused with an invalid proxy URL, which is not shown", () =>
    Effect.gen(function*() {
      const ended = yield* runWith(["get", customerId], { env: { HTTPS_PROXY: "sentinel:secret" } })
      assertRefused(ended, 2, /^HTTPS_PROXY: expected a URL such as http:\/\/proxy\.example\.com:3128$/m)
      assert.notMatch(ended.stderr, /sentinel|secret/)
    }).pipe(Effect.provide(TrustlySandbox.layer())))
})

import type { HttpClient } from "@effect/platform"
import { afterEach, assert, describe, it, vi } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { CustomerService } from "effect-trustly"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { certificates } from "../faults/certificates.ts"
import { listen } from "../faults/FaultServer.ts"
import { customerId, goodBody, httpResponse, onRequest, write } from "../faults/wire.ts"
import * as Network from "./network.ts"

const trustly = listen({ plays: onRequest(write(httpResponse(200, goodBody))), tls: certificates.good })

/** A proxy that opens tunnels and records their targets, or rejects all of them. */
const listenProxy = (rejectsTunnels = false) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly targets: Array<string>; readonly server: Server }>((resume) => {
      const targets: Array<string> = []
      const server = createServer().on("connect", ({ url = "" }, socket) => {
        targets.push(url)
        socket.on("error", () => undefined)
        if (rejectsTunnels) {
          socket.end("HTTP/1.1 403 Forbidden\r\n\r\n")
          return
        }
        const target = new URL(`http://${url}`)
        const tunnel = connect(Number(target.port), target.hostname, () => {
          socket.write("HTTP/1.1 200 Connection established\r\n\r\n")
          tunnel.pipe(socket)
          socket.pipe(tunnel)
        }).on("error", () => socket.destroy())
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, targets, server }))
      })
    }),
    ({ server }) =>
      Effect.async<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume(Effect.void))
      })
  )

const makeService = (client: Layer.Layer<HttpClient.HttpClient>, port: number) =>
  CustomerService.layer({
    accessId: "id",
    accessKey: Redacted.make("key"),
    baseUrl: `https://127.0.0.1:${port}/api/v1`
  }).pipe(Layer.provide(client), Layer.build, Effect.map(Context.get(CustomerService)))

const clients: Readonly<Record<string, (proxy: string, authority?: string) => Layer.Layer<HttpClient.HttpClient>>> = {
  undici: (_, authority) => Network.undici(authority),
  fetch: (_, authority) => Network.fetch(authority),
  node: Network.node
}

afterEach(() => {
  vi.unstubAllEnvs()
})

describe("the guide about proxies and certificates", () => {
  it("contains the code that these tests run", () => {
    const code = readFileSync(new URL("network.ts", import.meta.url), "utf8")
    assert.include(readFileSync(new URL("../../../../docs/network.md", import.meta.url), "utf8"), code)
  })

  for (const [name, client] of Object.entries(clients)) {
    it.scopedLive(`reaches Trustly through a proxy with a custom certificate authority (${name})`, () =>
      Effect.gen(function*() {
        const [server, proxy] = yield* Effect.all([trustly, listenProxy()])
        vi.stubEnv("HTTPS_PROXY", proxy.url)
        const customers = yield* makeService(client(proxy.url, certificates.authority.cert), server.port)
        yield* customers.get(customerId)
        assert.deepStrictEqual(proxy.targets, [`127.0.0.1:${server.port}`])
        assert.strictEqual(server.requests().length, 1)
      }))

    it.scopedLive(`rejects an untrusted certificate through the proxy (${name})`, () =>
      Effect.gen(function*() {
        const [server, proxy] = yield* Effect.all([trustly, listenProxy()])
        vi.stubEnv("HTTPS_PROXY", proxy.url)
        const customers = yield* makeService(client(proxy.url), server.port)
        const error = yield* Effect.flip(customers.get(customerId))
        assert.deepStrictEqual([error._tag, error.outcome], ["TrustlyNetworkError", "NotSent"])
        assert.strictEqual(server.requests().length, 0)
      }))

    it.scopedLive(`fails without sending when the proxy rejects the tunnel (${name})`, () =>
      Effect.gen(function*() {
        const [server, proxy] = yield* Effect.all([trustly, listenProxy(true)])
        vi.stubEnv("HTTPS_PROXY", proxy.url)
        const customers = yield* makeService(client(proxy.url, certificates.authority.cert), server.port)
        const error = yield* Effect.flip(customers.get(customerId))
        assert.strictEqual(error._tag, "TrustlyNetworkError")
        assert.strictEqual(server.connections.length, 0)
      }))
  }

  it.scopedLive("connects directly to a host in NO_PROXY", () =>
    Effect.gen(function*() {
      const [server, proxy] = yield* Effect.all([trustly, listenProxy()])
      vi.stubEnv("HTTPS_PROXY", proxy.url)
      vi.stubEnv("NO_PROXY", "127.0.0.1")
      const customers = yield* makeService(Network.undici(certificates.authority.cert), server.port)
      yield* customers.get(customerId)
      assert.deepStrictEqual(proxy.targets, [])
      assert.strictEqual(server.requests().length, 1)
    }))

  it.scopedLive("reads NODE_EXTRA_CA_CERTS on each layer", () =>
    Effect.gen(function*() {
      const server = yield* trustly
      const authority = join(tmpdir(), `authority-${server.port}.pem`)
      yield* Effect.promise(() => writeFile(authority, certificates.authority.cert))
      const program = ["--import", "tsx", "test/guides/extraAuthority.ts", `https://127.0.0.1:${server.port}/api/v1`]
      const { stdout } = yield* Effect.promise(() =>
        promisify(execFile)(process.execPath, program, {
          cwd: new URL("../..", import.meta.url),
          env: { ...process.env, NODE_EXTRA_CA_CERTS: authority }
        })
      )
      assert.deepStrictEqual(stdout.trim().split("\n"), ["undici Success", "fetch Success", "node Success"])
    }))
})

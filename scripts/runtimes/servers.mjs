import { Effect } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { createServer } from "node:http"

const onFreePort = (server) =>
  new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}/api/v1`))
  )

/** Prints the URLs of a local sandbox, of a server that redirects to it, and of a port that refuses connections. */
const main = Effect.gen(function*() {
  const { url: sandbox } = yield* TrustlySandbox
  const redirects = createServer((request, response) => {
    const location = new URL(request.url, sandbox).href
    response.writeHead(307, { location }).end()
  })
  const closed = createServer()
  const urls = yield* Effect.promise(async () => {
    const [redirecting, refusing] = await Promise.all([onFreePort(redirects), onFreePort(closed)])
    closed.close()
    return { sandbox, redirecting, refusing }
  })
  process.stdout.write(`${JSON.stringify(urls)}\n`)
  yield* Effect.never
})

Effect.runFork(Effect.provide(main, TrustlySandbox.layer()))

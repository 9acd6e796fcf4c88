/** The HTTP client of the program. It goes through the proxies that the environment names. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { EnvHttpProxyAgent } from "undici"
import type { Problem } from "./Problem.ts"
import { usage } from "./Problem.ts"

const read = (name: string): Effect.Effect<string> =>
  Config.nonEmptyString(name).pipe(
    // the lower-case name wins, as it does in curl
    (upper) => Config.orElse(Config.nonEmptyString(name.toLowerCase()), () => upper),
    Effect.orElseSucceed(() => "")
  )

/** The URL of a proxy. It may contain a password, so that no message shows it. */
const proxy = (name: string): Effect.Effect<string, Problem> =>
  Effect.filterOrFail(
    read(name),
    (url) =>
      url === "" ||
      Option.exists(Option.liftThrowable(() => new URL(url))(), ({ protocol }) => /^https?:$/.test(protocol)),
    () => usage(`${name}: expected a URL such as http://proxy.example.com:3128`)
  )

const makeDispatcher = Effect.gen(function*() {
  const options = {
    httpProxy: yield* proxy("HTTP_PROXY"),
    httpsProxy: yield* proxy("HTTPS_PROXY"),
    noProxy: yield* read("NO_PROXY")
  }
  return yield* Effect.acquireRelease(
    Effect.sync(() => new EnvHttpProxyAgent(options)),
    (agent) => Effect.promise(() => agent.destroy())
  )
})

export const layer: Layer.Layer<HttpClient.HttpClient, Problem> = NodeHttpClient.layerUndiciWithoutDispatcher.pipe(
  Layer.provide(Layer.scoped(NodeHttpClient.Dispatcher, makeDispatcher))
)

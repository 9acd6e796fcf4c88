import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"

const manual = (init: RequestInit): RequestInit => ({ ...init, redirect: "manual" })

interface Captured<A, E> {
  readonly exit: Exit.Exit<A, E>
  /** The options that `fetch` was called with; none where the request did not come to `fetch`. */
  readonly init: RequestInit | undefined
}

/** Runs a request with a `fetch` that sends nothing. A client that does not use `fetch` sends it. */
const captureInit = <A, E, R>(execute: Effect.Effect<A, E, R>): Effect.Effect<Captured<A, E>, never, R> =>
  Effect.suspend(() => {
    let init: RequestInit | undefined
    const fetch: typeof globalThis.fetch = (_input, options = {}) => {
      init = options
      return Promise.resolve(new Response(null, { status: 204 }))
    }
    return Effect.map(
      Effect.exit(Effect.provideService(execute, FetchHttpClient.Fetch, fetch)),
      (exit) => ({ exit, init })
    )
  })

// unlike the headers of the web, these may hold what HTTP does not allow: then the client reports it
const headersOf = ({ headers }: RequestInit): ReadonlyArray<[name: string, value: string]> =>
  Object.entries(Headers.fromInput(headers instanceof globalThis.Headers ? [...headers] : headers))

/** Makes `fetch` follow no redirect while a request runs. */
type Guard = <A, E, R>(execute: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

const guardByOptions = (init: RequestInit): Guard => Effect.provideService(FetchHttpClient.RequestInit, init)

// a `fetch` that the client's layer was built with is replaced: nothing can see it
const guardByFetch: Guard = (execute) =>
  Effect.flatMap(Effect.serviceOption(FetchHttpClient.Fetch), (provided) => {
    const fetch = Option.getOrElse(provided, () => globalThis.fetch)
    return Effect.provideService(execute, FetchHttpClient.Fetch, (input, init = {}) => fetch(input, manual(init)))
  })

/**
 * A client that never follows redirects: a redirect could send the customer to another host.
 *
 * Only `fetch` follows them, and only its `RequestInit` turns that off. Providing one hides the `RequestInit` that the client's
 * layer was built with, so the first request runs against a `fetch` that sends nothing, to capture the layer's options. Captured
 * headers that a bare request lacks come from a wrapper and belong to this request only. A wrapper can also provide a
 * `RequestInit` of its own; then `fetch` itself is replaced.
 */
export const withoutRedirects = (client: HttpClient.HttpClient): Effect.Effect<HttpClient.HttpClient> =>
  Effect.map(Effect.serviceOption(FetchHttpClient.RequestInit), (provided) => {
    let guard: Guard | undefined

    /** The options of the client's layer, from those of a first request. */
    const layerInit = (
      request: HttpClientRequest.HttpClientRequest,
      captured: RequestInit
    ): Effect.Effect<RequestInit> => {
      const { body: _body, headers: _headers, method: _method, signal: _signal, ...options } = captured
      const added = headersOf(captured).filter(([name]) => !(name in request.headers))
      if (added.length === 0) return Effect.succeed(options)
      return Effect.map(captureInit(client.get(request.url)), ({ init: bare = {} }) => {
        const kept = new Map(headersOf(bare))
        return { ...options, headers: added.filter(([name, value]) => kept.get(name) === value) }
      })
    }

    return HttpClient.transform(client, (execute, request) => {
      const findGuard = (captured: RequestInit): Effect.Effect<Guard> =>
        Effect.gen(function*() {
          const options = Option.isSome(provided) ? provided.value : yield* layerInit(request, captured)
          const byOptions = guardByOptions(manual(options))
          const { init: guarded } = yield* captureInit(byOptions(execute))
          return guarded !== undefined && guarded.redirect !== "manual" ? guardByFetch : byOptions
        })
      return Effect.suspend(() => {
        if (guard !== undefined) return guard(execute)
        return Effect.flatMap(
          captureInit(execute),
          ({ exit, init: captured }) =>
            captured === undefined ? exit : Effect.flatMap(findGuard(captured), (found) => {
              guard = found
              return found(execute)
            })
        )
      })
    })
  })

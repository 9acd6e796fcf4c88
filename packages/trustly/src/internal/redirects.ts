import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** The options that a fetch client adds to those of a request. */
const addedOptions = (request: HttpClientRequest.HttpClientRequest, init: RequestInit): RequestInit => {
  const { body: _body, headers, method: _method, signal: _signal, ...options } = init
  const added = [...new Headers(headers)].filter(([name]) => !(name in request.headers))
  return { ...options, headers: Object.fromEntries(added) }
}

const manual = (init: RequestInit): RequestInit => ({ ...init, redirect: "manual" })

/** Executes a request, as `HttpClient.execute` does. */
export type Execute = HttpClient.HttpClient["execute"]

/**
 * Executes requests without following redirects: a redirect could send the customer to another host.
 *
 * Only `fetch` follows redirects, unless its `RequestInit` says otherwise. A `RequestInit` that is provided for a call replaces the one
 * that the client's layer was built with, which nothing but `fetch` itself can see. So the first request of a fetch client goes to a
 * `fetch` that sends nothing and notes its options. Other clients do not call it: their first request is the real one.
 */
export const withoutRedirects = (client: HttpClient.HttpClient): Effect.Effect<Execute> =>
  Effect.map(Effect.serviceOption(FetchHttpClient.RequestInit), (provided) => {
    let init = Option.getOrUndefined(Option.map(provided, manual))
    let isFetch: boolean | undefined = init === undefined ? undefined : true

    return (request) =>
      Effect.suspend(() => {
        if (isFetch === false) return client.execute(request)
        if (init !== undefined) return Effect.provideService(client.execute(request), FetchHttpClient.RequestInit, init)
        let noted: RequestInit | undefined
        const noteOptions: typeof globalThis.fetch = (_input, options = {}) => {
          noted = options
          return Promise.resolve(new Response(null, { status: 204 }))
        }
        return client.execute(request).pipe(
          Effect.provideService(FetchHttpClient.Fetch, noteOptions),
          Effect.exit,
          Effect.flatMap((exit) => {
            isFetch = noted !== undefined
            if (noted === undefined) return exit
            init = manual(addedOptions(request, noted))
            return Effect.provideService(client.execute(request), FetchHttpClient.RequestInit, init)
          })
        )
      })
  })

import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"

/** The options that a fetch client adds to those of a request. */
const addedOptions = (request: HttpClientRequest.HttpClientRequest, init: RequestInit): RequestInit => {
  const { body: _body, headers, method: _method, signal: _signal, ...options } = init
  const added = [...new Headers(headers)].filter(([name]) => !(name in request.headers))
  return { ...options, headers: Object.fromEntries(added) }
}

const manual = (init: RequestInit): RequestInit => ({ ...init, redirect: "manual" })

/**
 * A client that follows no redirect: a redirect could send the customer to another host.
 *
 * Only `fetch` follows redirects, unless its `RequestInit` says otherwise. A `RequestInit` that is provided for a call replaces
 * the one that the client's layer was built with, which nothing but `fetch` itself can see. So the first request of a fetch
 * client goes to a `fetch` that sends nothing and notes its options. Other clients do not call it: their first request is the
 * real one.
 */
export const withoutRedirects = (client: HttpClient.HttpClient): Effect.Effect<HttpClient.HttpClient> =>
  Effect.map(Effect.serviceOption(FetchHttpClient.RequestInit), (provided) => {
    let init = Option.getOrUndefined(Option.map(provided, manual))
    let usesFetch: boolean | undefined

    return HttpClient.transform(client, (execute, request) =>
      Effect.suspend(() => {
        if (init !== undefined) return Effect.provideService(execute, FetchHttpClient.RequestInit, init)
        if (usesFetch === false) return execute
        let noted: RequestInit | undefined
        const noteOptions: typeof globalThis.fetch = (_input, options = {}) => {
          noted = options
          return Promise.resolve(new Response(null, { status: 204 }))
        }
        return Effect.flatMap(
          Effect.exit(Effect.provideService(execute, FetchHttpClient.Fetch, noteOptions)),
          (exit) => {
            if (noted === undefined) {
              // a request that failed says nothing about its client
              if (Exit.isSuccess(exit)) usesFetch = false
              return exit
            }
            init = manual(addedOptions(request, noted))
            return Effect.provideService(execute, FetchHttpClient.RequestInit, init)
          }
        )
      }))
  })

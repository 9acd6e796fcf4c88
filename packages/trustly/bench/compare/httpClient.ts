import { HttpClient, type HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { type Cause, Effect, ManagedRuntime, Match, type ParseResult } from "effect"
import type { Client, Options, Result } from "./client.ts"
import { judgeCode, judgeStatus, type Judgment, unreadable } from "./judge.ts"
import { Answer, CustomerUpdate } from "./schemas.ts"

type Failure = HttpClientError.HttpClientError | ParseResult.ParseError | Cause.TimeoutException

const codeOf = (cause: unknown): string => cause instanceof Error && "code" in cause ? String(cause.code) : ""

const judge = Match.typeTags<Failure, Judgment>()({
  ParseError: () => unreadable,
  TimeoutException: () => judgeCode(""),
  RequestError: ({ cause }) => judgeCode(codeOf(cause)),
  ResponseError: ({ cause, reason, response }) => {
    if (reason === "StatusCode") return judgeStatus(response.status)
    // a body that broke off has the same reason as invalid JSON
    return cause instanceof SyntaxError ? unreadable : judgeCode(codeOf(cause))
  }
})

export const httpClient = ({ accessId, accessKey, baseUrl, timeout }: Options): Client => {
  const runtime = ManagedRuntime.make(NodeHttpClient.layerUndici)
  const send = HttpClientRequest.schemaBodyJson(CustomerUpdate)
  return {
    update: (customerId, customer) =>
      HttpClientRequest.post(`${baseUrl}/customers/${encodeURIComponent(customerId)}`).pipe(
        HttpClientRequest.basicAuth(accessId, accessKey),
        (request) => Effect.orDieWith(send(request, customer), String),
        Effect.flatMap(HttpClient.execute),
        Effect.flatMap(HttpClientResponse.filterStatusOk),
        Effect.flatMap(HttpClientResponse.schemaBodyJson(Answer)),
        Effect.timeout(timeout),
        Effect.match({
          onSuccess: (answer): Result => ({ _tag: "Updated", customer: answer.customer }),
          onFailure: (error): Result => ({ _tag: "Failed", ...judge(error), error })
        }),
        runtime.runPromise
      ),
    close: () => runtime.dispose()
  }
}

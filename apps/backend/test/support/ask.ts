/** Requests as they are, without a client that would correct them. */
import { Effect, Option } from "effect"
import * as Http from "node:http"

export interface Response {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly text: string
  readonly json: unknown
}

export interface Request {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Sends the body without its length. */
  readonly chunked?: boolean
}

const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))

export const ask = (
  url: string,
  { body, chunked, headers, method = "GET" }: Request = {}
): Effect.Effect<Response, Error> =>
  Effect.async((resume) => {
    const { hostname, port, pathname, search } = new URL(url)
    // the path as given: a URL would normalize it
    const path = url.slice(url.indexOf("/", 8))
    const request = Http.request(
      { hostname, port, path: path === "" ? `${pathname}${search}` : path, method, headers, agent: false },
      (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8")
          const json = Option.getOrUndefined(parse(text))
          resume(Effect.succeed({ status: response.statusCode ?? 0, headers: response.headers, text, json }))
        })
      }
    )
    request.on("error", (error) => resume(Effect.fail(error)))
    if (chunked === true && body !== undefined) request.write(body)
    request.end(chunked === true ? undefined : body)
    return Effect.sync(() => request.destroy())
  })

export const jsonType = { "content-type": "application/json" }

export const post = (url: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  ask(url, {
    method: "POST",
    headers: { ...jsonType, ...headers },
    body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body)
  })

/** Requests as they are, without a client that would correct them. A broken connection fails with its code. */
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
  /** What the request line has instead of the path of the URL. */
  readonly target?: string
  /** Sends the body without its length. */
  readonly chunked?: boolean
}

const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))

export const ask = (
  url: string,
  { body, chunked, headers, method = "GET", target }: Request = {}
): Effect.Effect<Response, string> =>
  Effect.async((resume) => {
    const fail = (error: Error) =>
      resume(Effect.fail("code" in error && typeof error.code === "string" ? error.code : error.message))
    const { hostname, port, pathname, search } = new URL(url)
    // the path as given: a URL would normalize it
    const start = url.indexOf("/", 8)
    const path = target ?? (start === -1 ? `${pathname}${search}` : url.slice(start))
    const request = Http.request(
      { hostname, port, path, method, headers, agent: false },
      (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", fail).on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8")
          const json = Option.getOrUndefined(parse(text))
          resume(Effect.succeed({ status: response.statusCode ?? 0, headers: response.headers, text, json }))
        })
      }
    )
    request.on("error", fail)
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

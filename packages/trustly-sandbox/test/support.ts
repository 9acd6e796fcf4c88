import { Context, Effect, Layer, Option, Redacted, TestServices } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import * as Http from "node:http"

export interface Answer {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly text: string
  readonly json: unknown
}

export interface Request {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))

/** Sends a request without the conveniences of a client. Fails with the code of a broken connection. */
export const ask = (url: string, { body, headers, method = "GET" }: Request = {}): Effect.Effect<Answer, string> =>
  Effect.async((resume) => {
    const fail = (error: Error) =>
      resume(Effect.fail("code" in error && typeof error.code === "string" ? error.code : error.message))
    const request = Http.request(url, { method, headers, agent: false }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", fail).on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8")
        const json = Option.getOrUndefined(parse(text))
        resume(Effect.succeed({ status: response.statusCode ?? 0, headers: response.headers, text, json }))
      })
    })
    request.on("error", fail).end(body)
    return Effect.sync(() => request.destroy())
  })

export const start = (options?: TrustlySandbox.Options) =>
  Effect.map(Layer.build(TrustlySandbox.layer(options)), (context) => Context.get(context, TrustlySandbox))

export const authorization = (id = "sandbox", key = "sandbox"): Readonly<Record<string, string>> => ({
  authorization: `Basic ${Buffer.from(`${id}:${key}`).toString("base64")}`
})

/** Calls Trustly's operations with the credentials of the sandbox. */
export const trustly = (sandbox: TrustlySandbox.Service) => {
  const headers = authorization(sandbox.accessId, Redacted.value(sandbox.accessKey))
  return {
    get: (path: string) => ask(`${sandbox.url}${path}`, { headers }),
    post: (path: string, body: unknown) =>
      ask(`${sandbox.url}${path}`, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body)
      })
  }
}

/** Origin of the page and the control path. */
export const originOf = ({ url }: TrustlySandbox.Service): string => new URL(url).origin

export const john = "1001165729"
export const joe = "1002580963"

export const fields = {
  name: "Ann Other",
  email: "ann@example.test",
  phone: "+1 555 0100",
  address: { country: "US", city: "Reno" }
}

/** Calls the control path. */
export const control = (sandbox: TrustlySandbox.Service) => (method: string, path: string, body?: unknown) =>
  ask(`${originOf(sandbox)}/_sandbox${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
  })

// real time, also under a test clock
const pause = TestServices.provideLive(Effect.sleep("10 millis"))

/** Repeats an effect until its result is as expected. */
export const eventually = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  isExpected: (value: A) => boolean
): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    effect,
    (value) => isExpected(value) ? Effect.succeed(value) : Effect.zipRight(pause, eventually(effect, isExpected))
  )

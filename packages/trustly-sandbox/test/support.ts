import { Context, Effect, Layer, Redacted, TestServices } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { ask, post } from "./ask.ts"

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
    post: (path: string, body: unknown) => post(`${sandbox.url}${path}`, body, headers)
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
  Effect.filterOrElse(effect, isExpected, () => Effect.zipRight(pause, eventually(effect, isExpected)))

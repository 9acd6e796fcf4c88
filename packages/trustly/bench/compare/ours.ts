import { NodeHttpClient } from "@effect/platform-node"
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { CustomerService } from "effect-trustly"
import type { Client, Options, Result } from "./client.ts"

export const ours = ({ accessId, accessKey, baseUrl, maxResponseBytes, timeout }: Options): Client => {
  const runtime = ManagedRuntime.make(
    CustomerService.layer({
      accessId,
      accessKey: Redacted.make(accessKey),
      baseUrl,
      timeout,
      maxResponseBytes,
      allowInsecureHttp: true
    }).pipe(Layer.provide(NodeHttpClient.layerUndici))
  )
  return {
    update: (customerId, customer) =>
      CustomerService.pipe(
        Effect.flatMap((customers) => customers.update(customerId, customer)),
        Effect.match({
          onSuccess: (updated): Result => ({ _tag: "Updated", customer: updated }),
          onFailure: (error): Result => ({
            _tag: "Failed",
            outcome: error.outcome,
            retry: error.isRetryable,
            error
          })
        }),
        runtime.runPromise
      ),
    close: () => runtime.dispose()
  }
}

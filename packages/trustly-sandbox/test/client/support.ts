import { Effect, Layer } from "effect"
import { CustomerService } from "effect-trustly"
import { TrustlySandbox } from "effect-trustly-sandbox"
import type { ClientLayer } from "../../../trustly/test/faults/layers.ts"

/** `CustomerService` over this HTTP client, connected to the sandbox in the context. */
const sandboxService = (client: ClientLayer): Layer.Layer<CustomerService, never, TrustlySandbox> =>
  Layer.unwrapEffect(Effect.map(
    TrustlySandbox,
    ({ accessId, accessKey, url }) =>
      CustomerService.layer({ accessId, accessKey, baseUrl: url }).pipe(Layer.provide(client.layer), Layer.orDie)
  ))

/** A service and its sandbox, which holds only the two customers of Trustly's document. */
export const withSandbox = (client: ClientLayer): Layer.Layer<CustomerService | TrustlySandbox> =>
  sandboxService(client).pipe(Layer.provideMerge(Layer.orDie(TrustlySandbox.layer())))

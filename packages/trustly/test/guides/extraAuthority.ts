/** A program without any certificate code. Prints the result of one call on each layer. */
import { FetchHttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted } from "effect"
import { CustomerService } from "effect-trustly"

const [, , baseUrl = ""] = process.argv
const service = CustomerService.layer({ accessId: "id", accessKey: Redacted.make("key"), baseUrl })

const get = Effect.flatMap(CustomerService, (customers) => customers.get("1001165729"))

const clients = { undici: NodeHttpClient.layerUndici, fetch: FetchHttpClient.layer, node: NodeHttpClient.layer }

const program = Effect.forEach(Object.entries(clients), ([name, client]) =>
  get.pipe(
    Effect.match({ onFailure: ({ message }) => message, onSuccess: () => "Success" }),
    Effect.provide(Layer.provide(service, client)),
    Effect.flatMap((result) => Console.log(`${name} ${result}`))
  ))

await Effect.runPromise(program)

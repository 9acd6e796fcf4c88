import type { CustomerService } from "effect-trustly"
import type * as Layer from "effect/Layer"
import * as CommandLine from "../CommandLine.ts"
import * as Otlp from "../Otlp.ts"
import type { Failure } from "../Report.ts"
import { get } from "./Get.ts"
import { makeImport } from "./Import.ts"
import { sandbox } from "./Sandbox.ts"
import { update } from "./Update.ts"

/** Every command. An import retries by itself, so its layer is the one without a retry policy. */
export const makeAll = (
  { retrying, trustly }: {
    readonly retrying: Layer.Layer<CustomerService, Failure>
    readonly trustly: Layer.Layer<CustomerService, Failure>
  }
) => [
  Otlp.exporting(CommandLine.provide(get, retrying)),
  Otlp.exporting(CommandLine.provide(update, retrying)),
  Otlp.exporting(makeImport(trustly)),
  sandbox
]

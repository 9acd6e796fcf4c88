/** A fault rule as it comes in, or what is wrong with it: names and expectations, nothing of what was sent. */
import type { Issue } from "effect-trustly"
import { issuesOf } from "effect-trustly"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { FaultRule } from "../Fault.ts"

const decodeRule = Schema.decodeUnknownEither(FaultRule, { onExcessProperty: "error", errors: "all" })

export const decode = (body: unknown): Either.Either<FaultRule, ReadonlyArray<Issue>> =>
  Either.mapLeft(decodeRule(body), issuesOf)

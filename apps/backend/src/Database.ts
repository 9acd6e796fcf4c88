/** Connects to Postgres if `DATABASE_URL` is set (several runners), otherwise to an SQLite file (one process). */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import type * as SqlClient from "@effect/sql/SqlClient"
import type * as SqlError from "@effect/sql/SqlError"
import { StorageError } from "effect-trustly-delivery"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

export const file = Config.withDefault(Config.nonEmptyString("DELIVERY_FILE"), "trustly-delivery.db")

// the URL of a Unix socket can have a user but no host; the driver decodes user, password, and database
const isPostgresUrl = (text: string): boolean =>
  /^postgres(ql)?:\/\//i.test(text) && URL.canParse(text.replace("@/", "@localhost/")) &&
  Option.isSome(Option.liftThrowable(decodeURIComponent)(text))

export const url = Config.nonEmptyString("DATABASE_URL").pipe(
  Config.validate({ message: "must be a valid URL that starts with postgres://", validation: isPostgresUrl }),
  // not `Config.redacted`, which hides the message too
  Config.map((text) => Redacted.make(text)),
  Config.option
)

type Database = Layer.Layer<SqlClient.SqlClient, SqlError.SqlError | ConfigError.ConfigError | StorageError>

/** Fails after 5 s. Interruption continues in the background, because canceling a statement can hang too. */
export const withinLimit =
  (error: StorageError) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | StorageError, R> =>
    Effect.timeoutFail(Effect.disconnect(effect), { duration: "5 seconds", onTimeout: () => error })

const postgres = (address: Redacted.Redacted): Database =>
  // longer than the limit, because the driver's own timeout has no error code
  Layer.build(PgClient.layer({ url: address, connectTimeout: "10 seconds" })).pipe(
    withinLimit(new StorageError({ reason: "Unavailable", code: "ETIMEDOUT" })),
    Layer.scopedContext
  )

export const layer = Layer.unwrapEffect(
  Effect.gen(function*() {
    const given = yield* url
    const filename = yield* file
    return Option.match(given, {
      onNone: (): Database => SqliteClient.layer({ filename }),
      onSome: postgres
    })
  })
)

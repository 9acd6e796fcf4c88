/** Postgres when `DATABASE_URL` is set, shared by several runners; else one file, for one process. */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import type * as SqlClient from "@effect/sql/SqlClient"
import type * as SqlError from "@effect/sql/SqlError"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

export const file = Config.withDefault(Config.nonEmptyString("DELIVERY_FILE"), "trustly-delivery.db")

export const url = Config.option(Config.redacted("DATABASE_URL"))

type Database = Layer.Layer<SqlClient.SqlClient, SqlError.SqlError | ConfigError.ConfigError>

export const layer = Layer.unwrapEffect(
  Effect.gen(function*() {
    const given = yield* url
    const filename = yield* file
    return Option.match(given, {
      onNone: (): Database => SqliteClient.layer({ filename }),
      onSome: (postgres): Database => PgClient.layer({ url: postgres })
    })
  })
)

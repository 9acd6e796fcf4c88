import * as Option from "effect/Option"

/** What a text holds as JSON, if it does. */
export const parse: (text: string) => Option.Option<unknown> = Option.liftThrowable((text: string): unknown =>
  JSON.parse(text)
)

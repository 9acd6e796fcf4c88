import * as Cause from "effect/Cause"
import * as Redacted from "effect/Redacted"

// Beside the errors, not in them: a field would be printed by loggers, and written in clear by the error's own schema.
const messages = new WeakMap<object, ReadonlyArray<Redacted.Redacted>>()

export const serverMessagesOf = (error: object): ReadonlyArray<Redacted.Redacted> =>
  // a failure inside a span is a proxy of the error
  messages.get(Cause.originalError(error)) ?? []

export const withServerMessages = <E extends object>(error: E, texts: ReadonlyArray<string>): E => {
  if (texts.length > 0) messages.set(error, texts.map((text) => Redacted.make(text)))
  return error
}

export const copyServerMessages = <E extends object>(from: object, to: E): E => {
  messages.set(to, serverMessagesOf(from))
  return to
}

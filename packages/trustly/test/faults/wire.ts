import { Effect } from "effect"
import { reference } from "../support.ts"
import { eventLoopTurns, nextRead } from "../waiting.ts"
import { type Play, Step } from "./FaultServer.ts"
import type { Plays } from "./Scenario.ts"

export const customerId = reference.customerId

export const customer = reference

export const goodBody = JSON.stringify({ customer })

/** The body of a good response with these customer fields replaced or added. */
export const withCustomer = (fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ customer: { ...customer, ...fields } })

export const envelope = (...codes: ReadonlyArray<number>): string =>
  JSON.stringify({ errors: codes.map((code) => ({ domain: "com.paywithmybank.Exception", code, message: "No" })) })

type Bytes = string | Uint8Array

/** Encodes text as Latin-1, so that a test can write any byte. */
export const bytes = (text: Bytes): Uint8Array => typeof text === "string" ? Buffer.from(text, "latin1") : text

export const utf8 = (text: string): Uint8Array => Buffer.from(text, "utf8")

export const write = (text: Bytes): Step => Step.Write({ bytes: bytes(text) })
export const wait = (millis: number): Step => Step.Wait({ millis })
/** Lets the client read the bytes written so far. */
export const flush = Step.Settle({ pause: nextRead })
/** Makes the bytes written so far arrive in a separate packet. */
export const settle = Step.Settle({ pause: eventLoopTurns(2) })
export const reset = Step.Reset()
export const end = Step.End()
export const repeat = (text: Bytes, millis: number): Step =>
  Step.Repeat({ bytes: bytes(text), pause: Effect.sleep(millis) })
/** Writes megabytes per second in real time, with pauses that let the rest of the process run. */
export const flood = (text: string): Step =>
  Step.Repeat({ bytes: bytes(text.repeat(Math.ceil(32_768 / text.length))), pause: eventLoopTurns(1) })
/** Resets the connection after the bytes written so far have arrived. */
export const cut: ReadonlyArray<Step> = [settle, reset]
export const close: ReadonlyArray<Step> = [settle, end]

export const reply = (...steps: ReadonlyArray<Step>): Play => ({ after: "request", steps })
export const onRequest = (...steps: ReadonlyArray<Step>): Plays => [reply(...steps)]
export const onHead = (...steps: ReadonlyArray<Step>): Plays => [{ after: "head", steps }]
export const onConnection = (...steps: ReadonlyArray<Step>): Plays => [{ after: "connection", steps }]

export const head = (status: number | string, headers: Readonly<Record<string, string | number>> = {}): string =>
  `HTTP/1.1 ${status} Reason\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`

/** A complete response with a content-length. */
export const httpResponse = (
  status: number | string,
  body: Bytes = "",
  headers: Readonly<Record<string, string | number>> = { "content-type": "application/json" }
): Uint8Array => {
  const content = bytes(body)
  return Buffer.concat([bytes(head(status, { ...headers, "content-length": content.length })), content])
}

export const chunk = (body: Bytes): Uint8Array => {
  const content = bytes(body)
  return Buffer.concat([bytes(`${content.length.toString(16)}\r\n`), content, bytes("\r\n")])
}

export const chunkedHead = (status: number = 200): string => head(status, { "transfer-encoding": "chunked" })

export const lastChunk = "0\r\n\r\n"

/** Pads the body of a good response with whitespace to exactly this many bytes. */
export const goodBodyOf = (size: number): string => goodBody + " ".repeat(size - goodBody.length)

export const nested = (opening: string, inner: string, closing: string, levels = 100_000): string =>
  opening.repeat(levels) + inner + closing.repeat(levels)

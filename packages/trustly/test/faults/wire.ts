import { Effect } from "effect"
import { reference } from "../support.ts"
import { eventLoopTurns, nextRead } from "../waiting.ts"
import { type Play, Step } from "./FaultServer.ts"
import type { Plays } from "./Scenario.ts"

export const customerId = reference.customerId

export const customer = reference

export const goodBody = JSON.stringify({ customer })

/** A good answer's body with other or more fields in the customer. */
export const withCustomer = (fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ customer: { ...customer, ...fields } })

export const envelope = (...codes: ReadonlyArray<number>): string =>
  JSON.stringify({ errors: codes.map((code) => ({ domain: "com.paywithmybank.Exception", code, message: "No" })) })

type Bytes = string | Uint8Array

/** Text as latin-1, so that a test can write any byte. */
export const bytes = (text: Bytes): Uint8Array => typeof text === "string" ? Buffer.from(text, "latin1") : text

export const utf8 = (text: string): Uint8Array => Buffer.from(text, "utf8")

export const write = (text: Bytes): Step => Step.Write({ bytes: bytes(text) })
export const wait = (millis: number): Step => Step.Wait({ millis })
/** Gives the client the chance to read what was written before. */
export const flush = Step.Settle({ pause: nextRead })
/** Lets what was written arrive in a packet of its own. */
export const settle = Step.Settle({ pause: eventLoopTurns(2) })
export const reset = Step.Reset()
export const end = Step.End()
export const repeat = (text: Bytes, millis: number): Step =>
  Step.Repeat({ bytes: bytes(text), pause: Effect.sleep(millis) })
/** Megabytes a second in real time, with pauses in which the rest of the process continues. */
export const flood = (text: string): Step =>
  Step.Repeat({ bytes: bytes(text.repeat(Math.ceil(32_768 / text.length))), pause: eventLoopTurns(1) })
/** Resets the connection when what was written before has arrived. */
export const cut: ReadonlyArray<Step> = [settle, reset]
export const close: ReadonlyArray<Step> = [settle, end]

export const reply = (...steps: ReadonlyArray<Step>): Play => ({ after: "request", steps })
export const onRequest = (...steps: ReadonlyArray<Step>): Plays => [reply(...steps)]
export const onHead = (...steps: ReadonlyArray<Step>): Plays => [{ after: "head", steps }]
export const onConnection = (...steps: ReadonlyArray<Step>): Plays => [{ after: "connection", steps }]

export const head = (status: number | string, headers: Readonly<Record<string, string | number>> = {}): string =>
  `HTTP/1.1 ${status} Answer\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`

/** A complete answer with a content-length. */
export const answer = (
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

/** Pads a good answer with white space to exactly this many bytes. */
export const goodBodyOf = (size: number): string => goodBody + " ".repeat(size - goodBody.length)

export const nested = (open: string, inner: string, shut: string, levels = 100_000): string =>
  open.repeat(levels) + inner + shut.repeat(levels)

// @effect-diagnostics globalFetch:off -- the client is the subject of the comparison
import { ZodError } from "zod"
import { Answer, CustomerUpdate } from "../zod.ts"
import type { Client, Options } from "./client.ts"
import { judgeCode, judgeStatus, type Judgment, unreadable } from "./judge.ts"

class HttpError extends Error {
  readonly status: number
  constructor(status: number) {
    super(`Trustly answered with status ${status}`)
    this.status = status
  }
}

const judge = (error: unknown): Judgment => {
  if (error instanceof HttpError) return judgeStatus(error.status)
  if (error instanceof ZodError || error instanceof SyntaxError) return unreadable
  const { cause } = error instanceof Error ? error : {}
  return judgeCode(cause instanceof Error && "code" in cause ? String(cause.code) : "")
}

export const fetchAndZod = ({ accessId, accessKey, baseUrl, timeout }: Options): Client => {
  const authorization = `Basic ${Buffer.from(`${accessId}:${accessKey}`).toString("base64")}`
  return {
    update: async (customerId, customer) => {
      try {
        const response = await fetch(`${baseUrl}/customers/${encodeURIComponent(customerId)}`, {
          method: "POST",
          headers: { authorization, "content-type": "application/json" },
          body: JSON.stringify(CustomerUpdate.parse(customer)),
          signal: AbortSignal.timeout(timeout)
        })
        if (!response.ok) throw new HttpError(response.status)
        return { _tag: "Updated", customer: Answer.parse(await response.json()).customer }
      } catch (error) {
        return { _tag: "Failed", ...judge(error), error }
      }
    },
    close: () => Promise.resolve()
  }
}

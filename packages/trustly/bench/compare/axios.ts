import { create, isAxiosError } from "axios"
import axiosRetry, { exponentialDelay } from "axios-retry"
import { Agent } from "node:http"
import { Agent as HttpsAgent } from "node:https"
import { ZodError } from "zod"
import { Answer, CustomerUpdate } from "../zod.ts"
import type { Client, Options } from "./client.ts"
import { judgeCode, judgeStatus, type Judgment, unreadable } from "./judge.ts"

const judge = (error: unknown): Judgment => {
  if (error instanceof ZodError) return unreadable
  if (!isAxiosError(error)) return judgeCode("")
  // a good status whose body broke off is a network failure
  if (error.response !== undefined && error.response.status >= 300) return judgeStatus(error.response.status)
  return judgeCode(error.code ?? "")
}

export const axiosAndRetry = ({ accessId, accessKey, baseUrl, maxResponseBytes, timeout }: Options): Client => {
  const httpAgent = new Agent({ keepAlive: true })
  const httpsAgent = new HttpsAgent({ keepAlive: true })
  const client = create({
    baseURL: baseUrl,
    timeout,
    maxContentLength: maxResponseBytes,
    auth: { username: accessId, password: accessKey },
    httpAgent,
    httpsAgent
  })
  axiosRetry(client, { retries: 3, retryDelay: exponentialDelay })
  return {
    update: async (customerId, customer) => {
      try {
        const path = `/customers/${encodeURIComponent(customerId)}`
        const { data } = await client.post<unknown>(path, CustomerUpdate.parse(customer))
        return { _tag: "Updated", customer: Answer.parse(data).customer }
      } catch (error) {
        return { _tag: "Failed", ...judge(error), error }
      }
    },
    close: () => {
      httpAgent.destroy()
      httpsAgent.destroy()
      return Promise.resolve()
    }
  }
}

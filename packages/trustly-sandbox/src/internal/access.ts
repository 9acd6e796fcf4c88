/** Who may see the page and the control path: nobody but pages and programs that name the server by an address of its own. */
import type * as Headers from "@effect/platform/Headers"
import * as Net from "node:net"
import { bracketed, isEverywhere } from "./address.ts"

const loopback = ["localhost", "127.0.0.1", "[::1]"]

const isAddress = (name: string): boolean => Net.isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0

/**
 * Whether a request is one of the server's own page, or of a program. A name that is made to resolve to this machine gives itself
 * away by the Host header, another site by Origin or Sec-Fetch-Site.
 */
export const isOwn = (listening: { readonly host: string; readonly port: number }) => {
  const names = new Set([...loopback, bracketed(listening.host).toLowerCase()])
  // a name can be made to lead here, an address cannot
  const isName = (name: string) => names.has(name) || (isEverywhere(listening.host) && isAddress(name))

  return (headers: Headers.Headers): boolean => {
    const host = (headers["host"] ?? "").toLowerCase()
    const { name = "", port = "80" } = /^(?<name>\[[^\]]*\]|[^:]*)(?::(?<port>\d+))?$/.exec(host)?.groups ?? {}
    const { origin, "sec-fetch-site": site = "none" } = headers
    return isName(name) && Number(port) === listening.port &&
      (origin === undefined || origin.toLowerCase() === `http://${host}`) &&
      (site === "none" || site === "same-origin")
  }
}

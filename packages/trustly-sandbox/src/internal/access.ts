/** Guards the page and the control path, which need no credentials: only the server's own page and local programs get in. */
import type * as Headers from "@effect/platform/Headers"
import * as Net from "node:net"
import { isWildcard, urlHost } from "./address.ts"

const loopbackHosts = ["localhost", "127.0.0.1", "[::1]"]

const isIp = (host: string): boolean => Net.isIP(host.replace(/^\[(.*)\]$/, "$1")) !== 0

const hostAndPort = /^(?<name>\[[^\]]*\]|[^:\s/@]+)(?::(?<port>\d{1,5}))?$/

/** Whether `allowHosts` accepts this entry: a host name, with the port of its Host header if that is another one. */
export const isHost = (entry: string): boolean => hostAndPort.test(entry)

const withPort = (entry: string, port: number): string => {
  const host = entry.toLowerCase()
  return /:\d+$/.test(host) ? host : `${host}:${port}`
}

/**
 * Whether a request comes from the server's own page or from a program that knows where the server is. The Host header exposes a
 * foreign name that was made to resolve to this machine; Origin and Sec-Fetch-Site expose another web site.
 */
export const isTrusted = (server: {
  readonly host: string
  readonly port: number
  readonly allowHosts: ReadonlyArray<string>
}) => {
  const { allowHosts, host: listening, port } = server
  const hosts = new Set([...loopbackHosts, urlHost(listening), ...allowHosts].map((entry) => withPort(entry, port)))

  return (headers: Headers.Headers): boolean => {
    const host = (headers["host"] ?? "").toLowerCase()
    // browsers and clients omit port 80
    const { name = "", port: given = "80" } = hostAndPort.exec(host)?.groups ?? {}
    const { origin, "sec-fetch-site": site = "none" } = headers
    // a foreign site cannot make its own name an IP address
    const isOwnAddress = isWildcard(listening) && isIp(name) && Number(given) === port
    return (hosts.has(`${name}:${given}`) || isOwnAddress) &&
      (origin === undefined || origin.toLowerCase() === `http://${host}`) &&
      (site === "none" || site === "same-origin")
  }
}

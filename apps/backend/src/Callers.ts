/** Rejects browser requests from other sites. There is no login. */
import type * as Headers from "@effect/platform/Headers"
import * as Option from "effect/Option"
import { isIP } from "node:net"

const parseUrl = Option.liftThrowable((url: string) => new URL(url))

const isAddress = (name: string): boolean => isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0

/**
 * Rejects cross-site requests by `Origin` and `Sec-Fetch-Site`, and DNS rebinding by `Host`: only IP addresses and known names pass.
 */
export const isAllowed = (names: ReadonlyArray<string>) => {
  const known = new Set(["localhost", ...names.map((name) => name.toLowerCase())])
  return ({ host = "", origin, "sec-fetch-site": site = "none" }: Headers.Headers): boolean =>
    Option.exists(
      parseUrl(`http://${host}`),
      ({ host: canonical, hostname }) =>
        /^[\w.:[\]-]+$/.test(host) &&
        (known.has(hostname) || isAddress(hostname)) &&
        (origin === undefined || Option.exists(parseUrl(origin), (page) => page.host === canonical)) &&
        (site === "none" || site === "same-origin")
    )
}

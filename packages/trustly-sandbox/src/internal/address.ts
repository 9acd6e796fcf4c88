/** Spelling of a listening address in a URL and in a Host header. */

const wildcards: ReadonlySet<string> = new Set(["0.0.0.0", "::"])
const loopback: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"])

/** Whether a server that listens on this host accepts connections on every address of its machine. */
export const isWildcard = (host: string): boolean => wildcards.has(host)

/** Whether only programs on the same machine can reach this host. */
export const isLoopback = (host: string): boolean => loopback.has(host)

/** Adds the brackets that an IPv6 address needs in a URL. */
export const urlHost = (host: string): string => host.includes(":") ? `[${host}]` : host

/** Whether a URL can have this host. A zone, as in `::1%lo`, cannot be in one. */
export const isUrlHost = (host: string): boolean => URL.canParse(`http://${urlHost(host)}`)

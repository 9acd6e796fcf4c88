/** How an address to listen on is written in a URL and in a Host header. */

const wildcards: ReadonlySet<string> = new Set(["0.0.0.0", "::"])

/** Whether a server with this address listens on every address of its machine. */
export const isEverywhere = (host: string): boolean => wildcards.has(host)

export const bracketed = (host: string): string => host.includes(":") ? `[${host}]` : host
